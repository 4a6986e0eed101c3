package http1_test

import (
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"eddy/http1"
)

var update = flag.Bool("update", false, "rewrite what README.md has from the tables")

// TestStates_AreDrawn holds the diagrams of README.md against the tables.
func TestStates_AreDrawn(t *testing.T) {
	var want strings.Builder
	for _, m := range http1.Machines {
		fmt.Fprintf(&want, "`%s`:\n\n```mermaid\nstateDiagram-v2\n    [*] --> %s\n", m.Name, m.States[0])
		for from, row := range m.Table {
			for to := range m.States {
				var by []string
				for event, next := range row {
					if to > 0 && int(next) == to {
						by = append(by, m.Events[event])
					}
				}
				if len(by) > 0 {
					fmt.Fprintf(&want, "    %s --> %s: %s\n", m.States[from], m.States[to], strings.Join(by, " / "))
				}
			}
		}
		want.WriteString("```\n\n")
	}
	checkReadme(t, "states", want.String())
}

// checkReadme holds the part of README.md between two marks against want.
func checkReadme(t *testing.T, part, want string) {
	t.Helper()
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	begin, end := "<!-- "+part+" -->\n", "<!-- end of "+part+" -->"
	before, rest, ok := strings.Cut(string(text), begin)
	got, after, closed := strings.Cut(rest, end)
	if !ok || !closed {
		t.Fatalf("README.md has no part %s", part)
	}
	if got == want {
		return
	}
	if !*update {
		t.Fatalf("README.md differs from the tables in the part %s: run this test with -update", part)
	}
	if err := os.WriteFile("README.md", []byte(before+begin+want+end+after), 0o644); err != nil {
		t.Fatal(err)
	}
}

// poison is no state: whoever comes to it has no row in the table.
const poison = 200

// TestStates_EveryEntryIsUsed spoils the entries of the tables, one at a time, and wants
// the cases of this package to notice each.
func TestStates_EveryEntryIsUsed(t *testing.T) {
	if notice := spoiled(); notice != "" {
		t.Fatalf("the tables as they are: %s", notice)
	}
	for _, m := range http1.Machines {
		entries := 0
		for from := range m.Table {
			for event, next := range m.Table[from] {
				if next == 0 {
					continue
				}
				entries++
				m.Table[from][event] = poison
				if spoiled() == "" {
					t.Errorf("%s: no case has %q in %s", m.Name, m.Events[event], m.States[from])
				}
				m.Table[from][event] = next
			}
		}
		if entries < 5 {
			t.Errorf("%s has %d entries", m.Name, entries)
		}
	}
}

// spoiled runs all cases and returns what the first one that goes wrong shows.
func spoiled() (notice string) {
	defer func() {
		if p := recover(); p != nil {
			notice = fmt.Sprint("panic: ", p)
		}
	}()
	t := panicking{}
	for _, c := range corpus() {
		if got := c.read(t, []byte(c.send)); got != c.want {
			return fmt.Sprintf("%s: got %s, want %s", c.rule, got, c.want)
		}
	}
	for _, c := range misuses {
		if err := c.call(); err == nil || err.Error() != c.want {
			return fmt.Sprintf("%s: got %v, want %s", c.name, err, c.want)
		}
	}
	for _, c := range encoded {
		if out, e, _, err := c.encode(); string(out) != c.want || err != nil || e.KeepAlive() != c.keep || !e.Done() {
			return fmt.Sprintf("%s: got %q, %v", c.rule, out, err)
		}
	}
	for _, c := range encodedRequests {
		if out, e, err := c.encode(); string(out) != c.want || err != nil || e.KeepAlive() != c.keep || !e.Done() {
			return fmt.Sprintf("%s: got %q, %v", c.rule, out, err)
		}
	}
	return ""
}

// panicking is a test that ends in a panic, which can be caught.
type panicking struct{ testing.TB }

func (panicking) Helper()                           {}
func (panicking) Fatal(args ...any)                 { panic(fmt.Sprint(args...)) }
func (panicking) Fatalf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }

// TestStates_ChangeByTheTablesOnly reads the package: whatever is assigned to a state comes
// from a table. That it is no entry which is left out, the drivers of the cases check: such
// an entry would make the state 0 again.
func TestStates_ChangeByTheTablesOnly(t *testing.T) {
	files := token.NewFileSet()
	changes := 0
	check := func(value ast.Expr) {
		changes++
		if !fromTable(value) {
			t.Errorf("%s: a state that is not from a table", files.Position(value.Pos()))
		}
	}
	look := func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			for i, left := range n.Lhs {
				if s, ok := left.(*ast.SelectorExpr); ok && s.Sel.Name == "state" {
					check(n.Rhs[i])
				}
			}
		case *ast.KeyValueExpr:
			if key, ok := n.Key.(*ast.Ident); ok && key.Name == "state" {
				check(n.Value)
			}
		}
		return true
	}
	names, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(files, name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, look)
	}
	if changes < 10 {
		t.Errorf("found %d changes of a state only", changes)
	}
}

// fromTable reports whether an expression is table[state][event], a call of next, which
// returns one, or a variable called next.
func fromTable(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.IndexExpr:
		_, ok := e.X.(*ast.IndexExpr)
		return ok
	case *ast.CallExpr:
		s, ok := e.Fun.(*ast.SelectorExpr)
		return ok && s.Sel.Name == "next"
	case *ast.Ident:
		return e.Name == "next"
	}
	return false
}
