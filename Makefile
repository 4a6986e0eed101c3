# Everything that CI runs, by the names of CONTRIBUTING.md.
STATICCHECK = honnef.co/go/tools/cmd/staticcheck@v0.8.2
# Each fuzz target is run so many times. A count, because a time limit that ends within an input's
# run is reported as that input's failure.
FUZZTIME   ?= 300000x

# The systems that Eddy builds for, beside those that the tests are run for: linux/amd64 and linux/386.
# The best poller of each is in docs/pollers.md.
SYSTEMS = linux/arm64 darwin/arm64 freebsd/amd64 netbsd/amd64 openbsd/amd64 \
          dragonfly/amd64 illumos/amd64 solaris/amd64 windows/amd64

.PHONY: check test race lint pollers cross windows ecosystem h2spec e2e bench fuzz

check: ## what CI runs
	bash .ci/run

test:
	go test ./...

race:
	go test -race -timeout 5m ./...

lint:
	@test -z "$$(gofmt -l .)" || { echo "gofmt would change:"; gofmt -l .; exit 1; }
	go vet ./...
	go run $(STATICCHECK) ./...

pollers: ## all tests over the pollers that are not this system's best one
	@for p in poll net; do \
	  echo "EDDY_POLLER=$$p"; EDDY_POLLER=$$p go test -count 1 ./... || exit 1; \
	done
	@if pkg-config --exists libkqueue 2>/dev/null; then \
	  go -C internal/kqueuetest test -count 1 -tags libkqueue ./...; \
	else \
	  echo "libkqueue is not installed: kqueue was tested over a model only"; \
	fi

cross: ## everything builds for every system, tests too; those for 32 bits are run
	@for s in $(SYSTEMS); do \
	  echo $$s; GOOS=$${s%/*} GOARCH=$${s#*/} go vet ./... || exit 1; \
	done
	GOARCH=386 go test ./...

windows: ## tests as Windows programs under Wine: of what touches the system, and of the command. (Those of httpclient
         # pass there when nothing else runs, and now and then one hangs.)
	bash .ci/wine . ./cmd/... ./internal/poll ./internal/target ./loop ./async ./stream ./tcp ./httputil/formdata \
	  ./httpserver ./web ./examples/tcpecho

ecosystem: ## libraries for net/http on Eddy, under the race detector
	go -C internal/ecosystem test -race -timeout 5m ./...

h2spec: ## the conformance suite of HTTP/2, over TLS and without
	go -C internal/h2spec test -count 1 -timeout 2m ./...

e2e: ## two real browsers in the chat; the test cache does not see the server they build
	go -C internal/e2e test -count 1 -timeout 5m ./...

bench: ## the benchmarks beside the code, then Eddy beside its peers
	go test -run '^$$' -bench . ./...
	go -C bench test -run '^$$' -bench . ./...

fuzz: ## found by their text: to ask each package for them would link its tests
	@grep -r --include='*_test.go' '^func Fuzz' . | sed 's|/[^/]*:func | |; s|(.*||' | sort | while read -r p f; do \
	  go test -run '^$$' -fuzz "^$$f\$$" -fuzztime $(FUZZTIME) $$p </dev/null || exit 1; \
	done
