package arch_test

import (
	"go/ast"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"testing"
)

// What the client can be told is in docs/fetching.md, field by field.
func TestFetchingNamesEveryField(t *testing.T) {
	page, err := os.ReadFile(filepath.Join(root, "docs", "fetching.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, of := range []string{"httpclient.Options", "httpclient.Request", "httpclient.Response"} {
		fields := openFields(goFiles(t), of)
		if len(fields) == 0 {
			t.Errorf("there is no %s", of)
		}
		for _, field := range fields {
			if !isNamed(string(page), field) {
				t.Errorf("docs/fetching.md does not name %s.%s", of, field)
			}
		}
	}
}

func TestIsNamed(t *testing.T) {
	for text, want := range map[string]bool{
		"`Body`": true, "`Options.Body`": true, "`resp.Body`, bytes": true, "`Body: nil`": true, "```go\n\tBody: b,\n```": true,
		"Body": false, "`a` Body `b`": false, "```\na\n```\nBody `c`": false, "`MaxBody`": false, "`Bodyless`": false, "the body": false, "": false,
	} {
		if isNamed(text, "Body") != want {
			t.Errorf("%q: %v", text, !want)
		}
	}
}

var code = regexp.MustCompile("(?s)```.*?```|`[^`\n]*`")

// isNamed reports whether a page has a field's name in code.
func isNamed(page, field string) bool {
	name := regexp.MustCompile(`\b` + field + `\b`)
	return slices.ContainsFunc(code.FindAllString(page, -1), name.MatchString)
}

// openFields returns the fields of a struct that everybody sees.
func openFields(files []*goFile, of string) (fields []string) {
	for _, f := range files {
		ast.Inspect(f.syntax, func(n ast.Node) bool {
			s, ok := n.(*ast.TypeSpec)
			if !ok || f.test || path.Base(f.dir)+"."+s.Name.Name != of {
				return true
			}
			for _, m := range s.Type.(*ast.StructType).Fields.List {
				for _, name := range m.Names {
					if name.IsExported() {
						fields = append(fields, name.Name)
					}
				}
			}
			return false
		})
	}
	return fields
}
