package arch_test

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func TestLinksBetweenDocuments(t *testing.T) {
	err := walk(func(name string) error {
		if !strings.HasSuffix(name, ".md") {
			return nil
		}
		text, err := os.ReadFile(filepath.Join(root, name))
		if err == nil {
			report(t, checkLinks(name, string(text)))
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

var link = regexp.MustCompile(`\]\(([^)\s]+)\)`)

// checkLinks returns the links of a document that lead to no file of the repository. Links
// to other sites, and within the document, are not followed.
func checkLinks(name, text string) (problems []string) {
	for _, m := range link.FindAllStringSubmatch(text, -1) {
		target, _, _ := strings.Cut(m[1], "#")
		if target == "" || strings.Contains(target, "://") {
			continue
		}
		target = path.Join(path.Dir(name), target)
		if _, err := os.Stat(filepath.Join(root, target)); err != nil || !filepath.IsLocal(target) {
			problems = append(problems, fmt.Sprintf("%s: the link to %s leads nowhere", name, target))
		}
	}
	return problems
}

func TestCheckLinks(t *testing.T) {
	const text = "[a](tornado.md) [b](../README.md#x) [c](https://example.org/x) [d](#here) [e](absent.md) [f](../../x)"
	wantProblems(t, checkLinks("docs/a.md", text), "docs/absent.md leads nowhere", "../x leads nowhere")
}
