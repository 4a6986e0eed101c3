# Everything that CI runs, by the names of CONTRIBUTING.md.
STATICCHECK = honnef.co/go/tools/cmd/staticcheck@v0.8.2
FUZZTIME   ?= 20s

.PHONY: check test race lint e2e bench fuzz

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

e2e: ## two real browsers in the chat; the test cache does not see the server they build
	go -C internal/e2e test -count 1 -timeout 5m ./...

bench: ## the benchmarks beside the code, then Eddy beside its peers
	go test -run '^$$' -bench . ./...
	go -C bench test -run '^$$' -bench . ./...

fuzz:
	@for p in $$(go list ./...); do \
	  for f in $$(go test -list '^Fuzz' $$p | grep '^Fuzz'); do \
	    go test -run '^$$' -fuzz "^$$f\$$" -fuzztime $(FUZZTIME) $$p || exit 1; \
	  done; \
	done
