package arch_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// root is the repository's top, seen from this package's directory.
const root = "../.."

// A goFile is one parsed Go file of the repository.
type goFile struct {
	path   string // from the repository's top, with slashes
	dir    string // path's directory; "." for the top
	module string // the directory of the module that it belongs to; "." for the root module
	test   bool
	syntax *ast.File
	fset   *token.FileSet
}

// at says where a node stands, for a message.
func (f *goFile) at(n ast.Node) string { return f.fset.Position(n.Pos()).String() }

// walk calls visit for every file that is part of the repository. Hidden directories are
// left out, apart from the one that holds what CI runs.
func walk(visit func(name string) error) error {
	return filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, p)
		if err != nil {
			return err
		}
		name := filepath.ToSlash(rel)
		if d.IsDir() {
			if name == "bin" || name != "." && name != ".ci" && strings.HasPrefix(d.Name(), ".") {
				return filepath.SkipDir
			}
			return nil
		}
		if !d.Type().IsRegular() || name == ".git" { // a linked work tree has a file of that name
			return nil
		}
		return visit(name)
	})
}

var parseTree = sync.OnceValues(func() ([]*goFile, error) {
	fset := token.NewFileSet()
	var files []*goFile
	modules := map[string]bool{}
	err := walk(func(name string) error {
		if path.Base(name) == "go.mod" {
			modules[path.Dir(name)] = true
		}
		if !strings.HasSuffix(name, ".go") || strings.Contains(name, "/testdata/") {
			return nil
		}
		src, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			return err
		}
		syntax, err := parser.ParseFile(fset, name, src, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		files = append(files, &goFile{
			path: name, dir: path.Dir(name), test: strings.HasSuffix(name, "_test.go"),
			syntax: syntax, fset: fset,
		})
		return nil
	})
	for _, f := range files {
		f.module = f.dir
		for !modules[f.module] && f.module != "." {
			f.module = path.Dir(f.module)
		}
	}
	return files, err
})

// goFiles returns every Go file of the repository, those of nested modules too.
func goFiles(t *testing.T) []*goFile {
	t.Helper()
	files, err := parseTree()
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// report fails the test with every problem found.
func report(t *testing.T, problems []string) {
	t.Helper()
	for _, p := range problems {
		t.Error(p)
	}
}

// wantProblems fails the test unless each problem holds the wanted text at its place: it
// is how a checker shows that it can fail.
func wantProblems(t *testing.T, got []string, want ...string) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("got %d problems, want %d:\n%s", len(got), len(want), strings.Join(got, "\n"))
	}
	for i := range want {
		if !strings.Contains(got[i], want[i]) {
			t.Errorf("problem %d is %q, want one that says %q", i, got[i], want[i])
		}
	}
}

// parseFile makes a goFile of source text, for the tests of the checkers.
func parseFile(t *testing.T, name, src string) *goFile {
	t.Helper()
	fset := token.NewFileSet()
	syntax, err := parser.ParseFile(fset, name, src, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	return &goFile{
		path: name, dir: path.Dir(name), module: ".", test: strings.HasSuffix(name, "_test.go"),
		syntax: syntax, fset: fset,
	}
}
