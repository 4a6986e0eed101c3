module eddy/internal/kqueuetest

go 1.26.0

require eddy v0.0.0

replace eddy => ../..
