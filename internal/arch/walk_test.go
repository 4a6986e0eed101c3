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

// A page that walks through the code names functions that are not exported, and files. They must be there.
func TestOneFetchNamesWhatExists(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "docs", "one-fetch.md"))
	if err != nil {
		t.Fatal(err)
	}
	files := goFiles(t)
	steps, problems := checkWalk(string(text), declared(files), baseNames(files))
	report(t, problems)
	if steps < 20 {
		t.Errorf("%d steps were checked", steps)
	}
}

// baseNames returns the files' names without directories.
func baseNames(files []*goFile) map[string]bool {
	all := map[string]bool{}
	for _, f := range files {
		all[path.Base(f.path)] = true
	}
	return all
}

var (
	step     = regexp.MustCompile(`(?m)^\| \d+ \|([^|]*)\|`)
	fileName = regexp.MustCompile(`\b[a-z][a-z0-9_]*\.go\b`)
	funcName = regexp.MustCompile("`([A-Za-z][A-Za-z0-9]*(?:\\.[A-Za-z][A-Za-z0-9]*)?)`")
)

// checkWalk returns how many steps the tables of a page have, and what their second column names that does not
// exist: functions, as the end of a name or the name of a package, and files.
func checkWalk(text string, all names, files map[string]bool) (steps int, problems []string) {
	ends, last := map[string]bool{}, map[string]bool{}
	for name := range all {
		parts := strings.Split(name, ".")
		ends[strings.Join(parts[max(len(parts)-2, 0):], ".")] = true
		last[parts[0]], last[parts[len(parts)-1]] = true, true
	}
	for _, m := range step.FindAllStringSubmatch(text, -1) {
		steps++
		for _, f := range fileName.FindAllString(m[1], -1) {
			if !files[f] {
				problems = append(problems, fmt.Sprintf("no file %s", f))
			}
		}
		for _, f := range funcName.FindAllStringSubmatch(m[1], -1) {
			if !ends[f[1]] && !last[f[1]] {
				problems = append(problems, fmt.Sprintf("no function %s", f[1]))
			}
		}
	}
	return steps, problems
}

func TestCheckWalk(t *testing.T) {
	all := names{"tcp.Dial": true, "tcp.race.run": true}
	files := map[string]bool{"dial.go": true}
	steps, problems := checkWalk("| 1 | `tcp`: `Dial`, `race.run` (dial.go) | `gone` |\n", all, files)
	wantProblems(t, problems)
	more, problems := checkWalk("| 2 | `race.walk`, `Call` (race.go) | what |\n| 3 | `udp` | |\n", all, files)
	wantProblems(t, problems, "no file race.go", "no function race.walk", "no function Call", "no function udp")
	if steps != 1 || more != 2 {
		t.Error(steps, more)
	}
}
