package arch_test

import (
	"fmt"
	"go/ast"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// layers lists the packages of the root module, bottom first. A package may import those of
// the rows above its own; packages of one row do not know each other. A row "dir/..."
// stands for every package below dir.
var layers = [][]string{
	{"internal/goid", "internal/habit", "internal/reserve", "internal/sock", "tcp/proxyproto"},
	{"internal/poll"},
	{"loop"},
	{"async"},
	{"stream"},
	{"tcp"},
	{"httputil"},
	{"http1", "httputil/compress", "httputil/formdata", "internal/coding", "internal/digest", "internal/redirect", "websocket/wire"},
	{"internal/nethttp", "internal/tunnel"},
	{"httpserver", "httpclient"},
	{"websocket"},
	{"template", "locale"},
	{"web"},
	{"auth", "process"},
	{"webtest"},
	{"."},
	{"cmd/...", "examples/...", "internal/target", "internal/winedll"},
	// What only tests import stands on top, where no other package reaches it.
	{"internal/leaktest", "internal/smuggling", "internal/testcert", "internal/testdir", "internal/testlog"},
	{"internal/hardserver"},
	{"internal/arch", "internal/hardserver/serve", "internal/polltest"},
}

// cores are the packages that do no I/O, read no clock and start nothing: bytes and times
// go in as arguments. That is what makes them testable at every split of their input.
var cores = []string{"internal/habit", "tcp/proxyproto", "httputil", "http1", "internal/coding", "internal/digest", "internal/redirect",
	"websocket/wire"}

// notInCores are the packages that a core must not import. Packages of values, such as
// net/netip and net/url, are not among them.
var notInCores = []string{"net", "net/http", "os", "os/signal", "syscall", "log", "log/slog", "crypto/tls"}

// clock are the functions of package time that read the clock or wait for it.
var clock = []string{"Now", "Since", "Until", "Sleep", "After", "AfterFunc", "Tick", "NewTimer", "NewTicker"}

// forbidden are imports that the layers would allow and that a package does without.
var forbidden = map[string][]string{
	// An application runs on Eddy's loops, on net/http and in tests with no socket.
	"web": {"loop", "stream", "tcp", "httpserver", "httpclient"},
}

func TestImports(t *testing.T) {
	checked := 0
	for _, f := range goFiles(t) {
		if f.module == "." {
			report(t, checkImports(f))
			checked++
		}
	}
	if checked == 0 {
		t.Error("no file was checked")
	}
}

// checkImports returns what one file of the root module does against the layers. Tests may
// import upwards: a client is tested against the server.
func checkImports(f *goFile) (problems []string) {
	own := layerOf(f.dir)
	if own < 0 {
		return []string{f.path + ": the package is in no layer: add it to the table in imports_test.go"}
	}
	if f.test {
		return nil
	}
	for _, spec := range f.syntax.Imports {
		target, ours := relative(spec)
		if !ours {
			continue
		}
		if slices.Contains(forbidden[f.dir], target) {
			problems = append(problems, fmt.Sprintf("%s: %s does without %s", f.at(spec), f.dir, target))
		} else if l := layerOf(target); l < 0 || l >= own {
			problems = append(problems, fmt.Sprintf("%s: %s does not stand below %s", f.at(spec), target, f.dir))
		}
	}
	if slices.Contains(cores, f.dir) {
		problems = append(problems, checkCore(f)...)
	}
	return problems
}

// checkCore returns what a file of a core package does that a core must not.
func checkCore(f *goFile) (problems []string) {
	for _, spec := range f.syntax.Imports {
		if p, _ := strconv.Unquote(spec.Path.Value); slices.Contains(notInCores, p) {
			problems = append(problems, fmt.Sprintf("%s: a core does not import %s", f.at(spec), p))
		}
	}
	ast.Inspect(f.syntax, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.GoStmt:
			problems = append(problems, f.at(n)+": a core starts no goroutine")
		case *ast.SelectorExpr:
			if x, ok := n.X.(*ast.Ident); ok && x.Name == "time" && slices.Contains(clock, n.Sel.Name) {
				problems = append(problems, fmt.Sprintf("%s: a core does not call time.%s", f.at(n), n.Sel.Name))
			}
		}
		return true
	})
	return problems
}

// relative returns the directory of an import, and whether it belongs to the root module.
func relative(spec *ast.ImportSpec) (dir string, ours bool) {
	p, _ := strconv.Unquote(spec.Path.Value)
	if p == "eddy" {
		return ".", true
	}
	return strings.CutPrefix(p, "eddy/")
}

// layerOf returns the row that dir stands in, or -1.
func layerOf(dir string) int {
	return slices.IndexFunc(layers, func(row []string) bool {
		return slices.ContainsFunc(row, func(entry string) bool {
			prefix, tree := strings.CutSuffix(entry, "...")
			return dir == entry || tree && strings.HasPrefix(dir, prefix)
		})
	})
}

func TestCheckImports(t *testing.T) {
	for _, c := range []struct {
		name, path, src string
		want            []string
	}{
		{"downward", "web/a.go", `package web; import "eddy/httputil"`, nil},
		{"upward", "loop/a.go", `package loop; import "eddy/web"`, []string{"web does not stand below loop"}},
		{"sideways", "httpclient/a.go", `package httpclient; import "eddy/httpserver"`, []string{"does not stand below"}},
		{"the top is above web", "web/a.go", `package web; import "eddy"`, []string{". does not stand below web"}},
		{"forbidden", "web/a.go", `package web; import "eddy/loop"`, []string{"web does without loop"}},
		{"a test may look up", "loop/a_test.go", `package loop_test; import "eddy/web"`, nil},
		{"only tests import it", "web/a.go", `package web; import "eddy/internal/leaktest"`, []string{"does not stand below"}},
		{"unknown package", "surprise/a.go", `package surprise`, []string{"in no layer"}},
		{"unknown import", "web/a.go", `package web; import "eddy/surprise"`, []string{"surprise does not stand below web"}},
		{"an example", "examples/x/a.go", `package main; import "eddy"`, nil},
		{"core with I/O", "http1/a.go", `package http1; import "net"`, []string{"does not import net"}},
		{"core with values", "http1/a.go", `package http1; import "net/url"`, nil},
		{"core with a clock", "http1/a.go", `package http1; import "time"; var t = time.Now()`, []string{"time.Now"}},
		{"core with a duration", "http1/a.go", `package http1; import "time"; const d = time.Second`, nil},
		{"core with a goroutine", "http1/a.go", `package http1; func f() { go f() }`, []string{"no goroutine"}},
		{"an engine has both", "loop/a.go", `package loop; import "time"; func f() { go f(); time.Now() }`, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			wantProblems(t, checkImports(parseFile(t, c.path, c.src)), c.want...)
		})
	}
}
