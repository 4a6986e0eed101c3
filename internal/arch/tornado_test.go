package arch_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func TestTornadoTable(t *testing.T) {
	table, err := os.ReadFile(filepath.Join(root, "docs", "tornado.md"))
	if err != nil {
		t.Fatal(err)
	}
	ids, err := os.ReadFile(filepath.Join("testdata", "tornado-ids.txt"))
	if err != nil {
		t.Fatal(err)
	}
	report(t, checkTornado(string(table), strings.Fields(string(ids)), declared(goFiles(t))))
}

var (
	rowStart = regexp.MustCompile(`^\| [A-Z0-9]{3}-[0-9]+ `)
	testName = regexp.MustCompile(`\.(Test|Fuzz|Example)`)
)

// checkTornado returns what is wrong with a table of features: a number that is missing,
// unknown or doubled, a row that does not say what its state demands, a name that the
// tree does not declare.
func checkTornado(table string, ids []string, all names) (problems []string) {
	rows := map[string]int{}
	for _, id := range ids {
		rows[id] = 0
	}
	for line := range strings.Lines(table) {
		if !rowStart.MatchString(line) {
			continue
		}
		cells := strings.Split(strings.TrimSpace(line), "|")
		id := strings.TrimSpace(cells[1])
		if _, known := rows[id]; !known {
			problems = append(problems, id+": no such feature")
		}
		rows[id]++
		for _, p := range checkRow(cells, all) {
			problems = append(problems, id+": "+p)
		}
	}
	for _, id := range ids {
		if rows[id] != 1 {
			problems = append(problems, fmt.Sprintf("%s: has %d rows, want 1", id, rows[id]))
		}
	}
	return problems
}

// checkRow looks at one row, split at its bars: the first and the last cell are empty.
func checkRow(cells []string, all names) (problems []string) {
	if len(cells) != 8 {
		return []string{fmt.Sprintf("has %d columns, want 6", len(cells)-2)}
	}
	for i := range cells {
		cells[i] = strings.TrimSpace(cells[i])
	}
	what, state, symbols, tests, difference := cells[2], cells[3], cells[4], cells[5], cells[6]
	if what == "" {
		problems = append(problems, "does not say what it is")
	}
	switch state {
	case "done", "differs":
		problems = append(problems, checkNames("symbol", symbols, all)...)
		problems = append(problems, checkNames("test", tests, all)...)
	case "planned", "not for Go":
		if symbols+tests != "" {
			problems = append(problems, "names code although it is "+state)
		}
	default:
		problems = append(problems, fmt.Sprintf("unknown state %q", state))
	}
	if difference == "" && (state == "differs" || state == "not for Go") {
		problems = append(problems, "does not say why it is "+state)
	}
	return problems
}

// checkNames looks up the names in one cell, each in backticks, separated by commas.
func checkNames(kind, cell string, all names) (problems []string) {
	if cell == "" {
		return []string{"names no " + kind}
	}
	for item := range strings.SplitSeq(cell, ",") {
		quoted := strings.TrimSpace(item)
		name := strings.Trim(quoted, "`")
		switch {
		case quoted != "`"+name+"`":
			problems = append(problems, fmt.Sprintf("%s %q does not stand in backticks", kind, quoted))
		case !all.has(name):
			problems = append(problems, fmt.Sprintf("%s %s does not exist", kind, name))
		case kind == "test" && !testName.MatchString(name):
			problems = append(problems, name+" is no test")
		}
	}
	return problems
}

func TestCheckTornado(t *testing.T) {
	all := names{"a.T": true, "a.TestT": true, "a.FuzzT": true}
	for _, c := range []struct {
		name, table string
		want        []string
	}{
		{"done", "| ABC-01 | x | done | `a.T`, `README.md` | `a.TestT`, `a.FuzzT` |  |", nil},
		{"differs", "| ABC-01 | x | differs | `a.T` | `a.TestT` | why |", nil},
		{"planned", "| ABC-01 | x | planned |  |  |  |", nil},
		{"not for Go", "| ABC-01 | x | not for Go |  |  | why |", nil},
		{"missing", "text", []string{"has 0 rows"}},
		{"doubled", "| ABC-01 | x | planned |  |  |  |\n| ABC-01 | x | planned |  |  |  |", []string{"has 2 rows"}},
		{"unknown id", "| ABC-01 | x | planned |  |  |  |\n| ABC-02 | x | planned |  |  |  |", []string{"ABC-02: no such feature"}},
		{"unknown state", "| ABC-01 | x | almost |  |  |  |", []string{`unknown state "almost"`}},
		{"empty", "| ABC-01 |  | planned |  |  |  |", []string{"what it is"}},
		{"columns", "| ABC-01 | x | planned |  |  |", []string{"has 5 columns"}},
		{"a bar in a cell", "| ABC-01 | x | planned |  |  | a | b |", []string{"has 7 columns"}},
		{"no symbol", "| ABC-01 | x | done |  | `a.TestT` |  |", []string{"names no symbol"}},
		{"no test", "| ABC-01 | x | done | `a.T` |  |  |", []string{"names no test"}},
		{"absent symbol", "| ABC-01 | x | done | `a.U` | `a.TestT` |  |", []string{"symbol a.U does not exist"}},
		{"absent test", "| ABC-01 | x | done | `a.T` | `a.TestU` |  |", []string{"test a.TestU does not exist"}},
		{"absent second", "| ABC-01 | x | done | `a.T`, `a.U` | `a.TestT` |  |", []string{"symbol a.U"}},
		{"no test function", "| ABC-01 | x | done | `a.T` | `a.T` |  |", []string{"a.T is no test"}},
		{"no backticks", "| ABC-01 | x | done | a.T | `a.TestT` |  |", []string{"backticks"}},
		{"differs without why", "| ABC-01 | x | differs | `a.T` | `a.TestT` |  |", []string{"why it is differs"}},
		{"not for Go without why", "| ABC-01 | x | not for Go |  |  |  |", []string{"why it is not for Go"}},
		{"planned with code", "| ABC-01 | x | planned | `a.T` |  |  |", []string{"although it is planned"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			wantProblems(t, checkTornado(c.table, []string{"ABC-01"}, all), c.want...)
		})
	}
}
