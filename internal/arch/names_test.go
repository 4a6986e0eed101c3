package arch_test

import (
	"go/ast"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"
)

// names holds what the tree declares, as documents write it: "loop.Loop", "loop.Loop.Post",
// "httputil.Request.Path", "loop.TestPost". A main package goes by its directory's name.
type names map[string]bool

// declared collects the names of files.
func declared(files []*goFile) names {
	all := names{}
	for _, f := range files {
		pkg := strings.TrimSuffix(f.syntax.Name.Name, "_test")
		if pkg == "main" {
			pkg = path.Base(f.dir)
		}
		for _, decl := range f.syntax.Decls {
			switch d := decl.(type) {
			case *ast.FuncDecl:
				all.addFunc(pkg, d)
			case *ast.GenDecl:
				for _, spec := range d.Specs {
					all.addSpec(pkg, spec)
				}
			}
		}
	}
	return all
}

func (all names) addFunc(pkg string, d *ast.FuncDecl) {
	if d.Recv != nil {
		pkg += "." + receiver(d)
	}
	all[pkg+"."+d.Name.Name] = true
}

func (all names) addSpec(pkg string, spec ast.Spec) {
	switch s := spec.(type) {
	case *ast.ValueSpec:
		for _, name := range s.Names {
			all[pkg+"."+name.Name] = true
		}
	case *ast.TypeSpec:
		name := pkg + "." + s.Name.Name
		all[name] = true
		var members *ast.FieldList
		switch t := s.Type.(type) {
		case *ast.StructType:
			members = t.Fields
		case *ast.InterfaceType:
			members = t.Methods
		}
		if members == nil {
			return
		}
		for _, m := range members.List {
			for _, member := range m.Names {
				all[name+"."+member.Name] = true
			}
		}
	}
}

// has reports whether name is declared, or is the path of a file of the repository.
func (all names) has(name string) bool {
	if all[name] {
		return true
	}
	info, err := os.Stat(filepath.Join(root, name))
	return err == nil && filepath.IsLocal(name) && info.Mode().IsRegular()
}

func TestDeclared(t *testing.T) {
	all := declared([]*goFile{
		parseFile(t, "a/a.go", "package a; type T[X any] struct{ F, g int }; func (t *T[X]) M() {}; const C = 1; type I interface{ N() }"),
		parseFile(t, "a/a_test.go", "package a_test; func TestA() {}"),
		parseFile(t, "examples/chat/main.go", "package main; type Room struct{}"),
	})
	for _, name := range []string{"a.T", "a.T.F", "a.T.g", "a.T.M", "a.C", "a.I.N", "a.TestA", "chat.Room", "README.md", "internal/arch/doc.go"} {
		if !all.has(name) {
			t.Errorf("%s is missing", name)
		}
	}
	for _, name := range []string{"a.M", "a.T.N", "b.T", "a", "main.Room", "docs", "../go.mod", "docs/absent.md"} {
		if all.has(name) {
			t.Errorf("%s is found", name)
		}
	}
}
