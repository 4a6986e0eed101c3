package arch_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestDocumentsNameWhatExists(t *testing.T) {
	all := declared(goFiles(t))
	checked := 0
	err := walk(func(name string) error {
		if !strings.HasSuffix(name, ".md") {
			return nil
		}
		checked++
		text, err := os.ReadFile(filepath.Join(root, name))
		if err == nil {
			report(t, checkDocument(name, string(text), all))
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
	if checked == 0 {
		t.Error("no document was checked")
	}
}

// maxColumns is how wide prose is: what two pages beside each other show.
const maxColumns = 120

func TestProseIsWrapped(t *testing.T) {
	err := walk(func(name string) error {
		if !strings.HasSuffix(name, ".md") {
			return nil
		}
		text, err := os.ReadFile(filepath.Join(root, name))
		if err == nil {
			report(t, checkColumns(name, string(text)))
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// checkColumns returns the lines of prose that are too long. Tables and code cannot be wrapped.
func checkColumns(name, text string) (problems []string) {
	code := false
	for i, line := range strings.Split(text, "\n") {
		if strings.HasPrefix(line, "```") {
			code = !code
		}
		table := strings.HasPrefix(line, "|") || strings.HasPrefix(line, "    ")
		if n := utf8.RuneCountInString(line); n > maxColumns && !code && !table {
			problems = append(problems, fmt.Sprintf("%s:%d: has %d columns, over %d", name, i+1, n, maxColumns))
		}
	}
	return problems
}

func TestCheckColumns(t *testing.T) {
	long := strings.Repeat("é", maxColumns+1)
	wantProblems(t, checkColumns("a.md", long), "a.md:1: has 121 columns")
	wantProblems(t, checkColumns("a.md", "```\n"+long+"\n```\n| "+long+" |\n    "+long+"\n"+long[2:]))
}

var (
	codeBlock  = regexp.MustCompile("(?ms)^```go\n.*?^```$")
	codeSpan   = regexp.MustCompile("`[^`\n]+`")
	exported   = regexp.MustCompile(`\b([a-z][a-z0-9]*)\.([A-Z]\w*(?:\.[A-Z]\w*)?)`)
	importedBy = regexp.MustCompile(`"eddy(?:/[a-z0-9/]+)?"`)
)

// checkDocument returns the names in a document's code that our packages do not declare,
// and the packages it imports that are not there. A name of another library, or a
// method called on a variable, is none of ours: its first part is no package here.
func checkDocument(name, text string, all names) (problems []string) {
	packages := map[string]bool{}
	for n := range all {
		pkg, _, _ := strings.Cut(n, ".")
		packages[pkg] = true
	}
	code := codeBlock.FindAllString(text, -1)
	code = append(code, codeSpan.FindAllString(codeBlock.ReplaceAllString(text, ""), -1)...)
	for _, c := range code {
		for _, m := range exported.FindAllStringSubmatch(c, -1) {
			if packages[m[1]] && !all[m[0]] {
				problems = append(problems, fmt.Sprintf("%s: %s does not exist", name, m[0]))
			}
		}
		for _, p := range importedBy.FindAllString(c, -1) {
			p = strings.Trim(p, `"`)
			if !packages[p[strings.LastIndexByte(p, '/')+1:]] {
				problems = append(problems, fmt.Sprintf("%s: no package %s", name, p))
			}
		}
	}
	return problems
}

func TestCheckDocument(t *testing.T) {
	all := names{"eddy.Run": true, "web.Route": true, "web.Route.Name": true}
	for _, c := range []struct {
		name, text string
		want       []string
	}{
		{"block", "```go\nimport \"eddy/web\"\nweb.Route{}.Name(); eddy.Run()\n```\n", nil},
		{"span", "the `web.Route` and its `web.Route.Name`", nil},
		{"gone from a block", "```go\nweb.Router{}\n```\n", []string{"web.Router does not exist"}},
		{"gone from a span", "the `eddy.Start`", []string{"eddy.Start does not exist"}},
		{"gone method", "the `web.Route.Path`", []string{"web.Route.Path does not exist"}},
		{"no package", "```go\nimport \"eddy/gone\"\n```\n", []string{"no package eddy/gone"}},
		{"another library", "`http.Handler`, `h.Text`, and prose about web.Router", nil},
		{"another language", "```sh\nweb.Router\n```\n", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			wantProblems(t, checkDocument("a.md", c.text, all), c.want...)
		})
	}
}
