package arch_test

import (
	"bytes"
	"fmt"
	"go/ast"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// maxLines is the length that a Go file stays within: what one sitting reads.
const maxLines = 500

// unwanted are words that have no place in the tree: marks of unfinished work, and paths of
// somebody's machine. They are written in two halves so that this file passes.
var unwanted = []string{"TO" + "DO", "FIX" + "ME", "/wo" + "rk/", "/tmp/" + "eddy", "/ro" + "ot/", "/ho" + "me/"}

func TestFileLength(t *testing.T) {
	for _, f := range goFiles(t) {
		if n := f.fset.File(f.syntax.FileStart).LineCount(); n > maxLines+1 { // the end of the last line starts one more
			t.Errorf("%s has %d lines, over %d: split it by concern", f.path, n-1, maxLines)
		}
	}
}

func TestUnwantedWords(t *testing.T) {
	err := walk(func(name string) error {
		text, err := os.ReadFile(filepath.Join(root, name))
		if err == nil {
			report(t, checkWords(name, text))
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

func checkWords(name string, text []byte) (problems []string) {
	for _, w := range unwanted {
		if i := bytes.Index(text, []byte(w)); i >= 0 {
			line := 1 + bytes.Count(text[:i], []byte("\n"))
			problems = append(problems, fmt.Sprintf("%s:%d: holds %q", name, line, w))
		}
	}
	return problems
}

func TestCheckWords(t *testing.T) {
	wantProblems(t, checkWords("a.txt", []byte("one\nand "+unwanted[0])), `a.txt:2: holds`)
	wantProblems(t, checkWords("a.txt", []byte("one\nand two")))
}

func TestPackageDocs(t *testing.T) {
	documented := map[string]bool{}
	for _, f := range goFiles(t) {
		if !f.test {
			documented[f.dir] = documented[f.dir] || f.syntax.Doc != nil
		}
	}
	for dir, ok := range documented {
		if !ok {
			t.Errorf("package %s has no doc comment", dir)
		}
	}
}

func TestExportedNamesAreDocumented(t *testing.T) {
	for _, f := range goFiles(t) {
		if !f.test && f.syntax.Name.Name != "main" {
			report(t, checkDocs(f))
		}
	}
}

// wellKnown are methods whose meaning an interface of the standard library fixes.
var wellKnown = []string{"Error", "Unwrap", "Is", "String", "Timeout", "Temporary"}

// checkDocs returns the exported names of a file that no comment explains.
func checkDocs(f *goFile) (problems []string) {
	missing := func(n ast.Node, name string) {
		problems = append(problems, fmt.Sprintf("%s: %s has no doc comment", f.at(n), name))
	}
	for _, decl := range f.syntax.Decls {
		switch d := decl.(type) {
		case *ast.FuncDecl:
			own := d.Recv == nil || ast.IsExported(receiver(d)) && !slices.Contains(wellKnown, d.Name.Name)
			if own && d.Name.IsExported() && d.Doc == nil {
				missing(d, d.Name.Name)
			}
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				switch s := spec.(type) {
				case *ast.TypeSpec:
					if s.Name.IsExported() && d.Doc == nil && s.Doc == nil {
						missing(s, s.Name.Name)
					}
				case *ast.ValueSpec:
					for _, name := range s.Names {
						if name.IsExported() && d.Doc == nil && s.Doc == nil && s.Comment == nil {
							missing(name, name.Name)
						}
					}
				}
			}
		}
	}
	return problems
}

// receiver returns the name of the type that a method belongs to.
func receiver(d *ast.FuncDecl) string {
	t := d.Recv.List[0].Type
	for {
		switch x := t.(type) {
		case *ast.StarExpr:
			t = x.X
		case *ast.IndexExpr:
			t = x.X
		case *ast.IndexListExpr:
			t = x.X
		case *ast.Ident:
			return x.Name
		default:
			return ""
		}
	}
}

func TestCheckDocs(t *testing.T) {
	const src = `package p

type Bare struct{}

// Said is explained.
type Said[T any] struct{}

func (*Said[T]) Do() {}

func (*Said[T]) String() string { return strings.Repeat("x", 1) }

func (bare) Do() {}

type bare int

var (
	A int
	B int // explained
)
`
	f := parseFile(t, "p/a.go", strings.TrimSpace(src))
	wantProblems(t, checkDocs(f), "Bare has no doc", "Do has no doc", "A has no doc")
}
