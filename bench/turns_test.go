package bench_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"eddy/bench"
)

func TestTurns_GoRoundByRound(t *testing.T) {
	var calls []string
	results, err := bench.Turns(2, []string{"a", "b"}, func(name string) (int, error) {
		calls = append(calls, name)
		return len(calls), nil
	})
	if got := fmt.Sprint(calls, results["a"], results["b"]); got != "[a b a b] [1 3] [2 4]" || err != nil {
		t.Error(got, err)
	}
	calls = nil
	_, err = bench.Turns(2, []string{"a", "b"}, func(name string) (int, error) {
		calls = append(calls, name)
		return 0, io.ErrUnexpectedEOF
	})
	if !errors.Is(err, io.ErrUnexpectedEOF) || !strings.HasPrefix(err.Error(), "a: ") || len(calls) != 1 {
		t.Errorf("%v after %v", err, calls)
	}
}
