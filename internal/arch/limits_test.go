package arch_test

import (
	"fmt"
	"go/ast"
	"go/constant"
	"go/printer"
	"go/token"
	"go/types"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// limitsOf says which constants the numbers of a row of docs/limits.md are. The row's first column
// is given, or its second one, if that is the name of a field.
var limitsOf = map[string]string{
	"Limits.RequestLine":           "http1.DefaultRequestLine",
	"Limits.HeaderBytes":           "http1.DefaultHeaderBytes",
	"Limits.HeaderFields":          "http1.DefaultHeaderFields",
	"Limits.Body":                  "http1.DefaultBody",
	"Limits.ChunkLine":             "http1.DefaultChunkLine",
	"Limits.TrailerBytes":          "http1.DefaultTrailerBytes",
	"chunk extensions of a body":   "http1.maxExcess",
	"empty lines before a request": "http1.maxEmptyLines",
	"interim responses that a client reads before a final one": "http1.maxInterim",

	"HandshakeTimeout":          "httpserver.DefaultHandshakeTimeout tcp.DefaultHandshakeTimeout",
	"MaxHandshakes":             "stream.DefaultMaxHandshakes",
	"HeaderTimeout":             "httpserver.DefaultHeaderTimeout",
	"BodyTimeout":               "httpserver.DefaultBodyTimeout",
	"MinBodyRate":               "httpserver.DefaultMinBodyRate",
	"IdleTimeout":               "httpserver.DefaultIdleTimeout",
	"WriteTimeout":              "httpserver.DefaultWriteTimeout",
	"MinWriteRate":              "httpserver.DefaultMinWriteRate",
	"MaxStreams":                "httpserver.DefaultMaxStreams",
	"eddy.Options.DrainTimeout": "eddy.DefaultDrainTimeout",
	"httpserver.MaxFuncBody":    "httpserver.MaxFuncBody",
	"members of a gzip body that hold nothing":           "coding.maxEmpty",
	"codings of one response":                            "coding.MaxCodings",
	"window of a zstd response":                          "coding.MaxWindow",
	"what is left of a body when the response begins":    "httpserver.skipMost",
	"a head under way when shutdown begins":              "httpserver.shutdownHead",
	"HTTP/2: a frame":                                    "httpserver.http2FrameSize",
	"HTTP/2: unread body of one stream, of a connection": "httpserver.http2StreamBuffer httpserver.http2ConnBuffer",
	"HTTP/2: lines in the log about clients that break the protocol, or whose requests are refused": "httpserver.errorLogLines httpserver.errorLogPeriod httpserver.errorLogLength",

	"httputil.MaxRanges":                                          "httputil.MaxRanges",
	"httputil.MaxCookieSize":                                      "httputil.MaxCookieSize",
	"proxies in a row that `Proxies` go through":                  "httputil.maxHops",
	"formdata.Options.Arguments":                                  "formdata.DefaultArguments",
	"formdata.Options.Parts":                                      "formdata.DefaultParts",
	"formdata.Options.PartHead":                                   "formdata.DefaultPartHead formdata.maxFields",
	"formdata.Options.Memory":                                     "formdata.DefaultMemory",
	"a static file that is hashed for its version and entity tag": "web.maxStaticHash",
	"the time after a change in which a static file is hashed for each request":            "web.settleTime",
	"static files whose version is remembered":                                             "web.maxStaticVersions",
	"a directory of static files that is used without a look whether another has its path": "web.rootRecheck",
	"entries of a directory in a listing":                                                  "web.maxListing",
	"a static file that leaves with its head; what is in memory of one that is copied":     "web.sendLeast web.copyPiece",
	"web.Settings.MaxBody":     "web.defaultMaxBody formdata.DefaultBody formdata.DefaultValues",
	"compress.Options.MinSize": "compress.DefaultMinSize",
	"a response that is compressed as a whole; the pieces of others, which are held back": "compress.wholeMost compress.pieceMost",

	"a new connection whose caller has ended meanwhile":                          "httpclient.unusedTime",
	"a connection that has rested, and is used without a look at it":             "httpclient.probeAfter",
	"the body of a proxy's refusal (407) that can be answered on its connection": "tunnel.refusalBody tunnel.refusalTime",
	"challenges in one response, parameters of one challenge":                    "httputil.MaxChallenges httputil.MaxChallengeParams",
	"what a `StreamingCallback` is given at once":                                "httpclient.pieceRoom",

	"stream.HighWater": "stream.HighWater",
	"SetMaxRead":       "stream.DefaultMaxRead",
	"SetMaxWrite":      "stream.DefaultMaxWrite",
	"closing after an error, or where the client has not asked for it": "stream.drainTime",
	"reads or writes of one coroutine that need not wait":              "stream.fairShare",

	"connections accepted in one turn": "tcp.acceptBatch",
	"tcp.ProxyProtocol.Timeout":        "tcp.DefaultProxyTimeout",
	"a peer that has stopped sending, whose `tcp.Handler` neither reads nor writes": "tcp.goneAfter",
	"output that is left when a `tcp.Handler` has returned":                         "tcp.lingerTime",
	"a silent peer": "tcp.keepAliveIdle tcp.keepAliveInterval",
	"Timeout":       "tcp.DefaultDialTimeout",
	"an attempt alone, before the next one begins": "tcp.attemptDelay",
	"attempts of one dial at once":                 "tcp.mostAttempts",
	"addresses of a name":                          "tcp.mostPerFamily",
	"a Unix socket whose listener is busy":         "tcp.busyPause",
	"TTL":                                          "tcp.DefaultTTL",
	"NegativeTTL":                                  "tcp.DefaultNegativeTTL",
	"Size":                                         "tcp.DefaultCacheSize",

	"httpclient.Options.MaxClients":                                                  "httpclient.DefaultMaxClients",
	"httpclient.Options.MaxQueue":                                                    "httpclient.DefaultMaxQueue",
	"httpclient.Options.QueueTimeout":                                                "httpclient.DefaultQueueTimeout",
	"httpclient.Options.ConnectTimeout":                                              "httpclient.DefaultConnectTimeout",
	"httpclient.Options.RequestTimeout":                                              "httpclient.DefaultRequestTimeout",
	"httpclient.Options.ReadTimeout":                                                 "httpclient.DefaultReadTimeout",
	"httpclient.Options.ExpectTimeout":                                               "httpclient.DefaultExpectTimeout",
	"httpclient.Options.MaxRedirects":                                                "httpclient.DefaultMaxRedirects",
	"httpclient.Options.MaxBody":                                                     "httpclient.DefaultMaxBody",
	"httpclient.Options.IdleTimeout":                                                 "httpclient.DefaultIdleTimeout",
	"httpclient.Options.MaxIdle":                                                     "httpclient.DefaultMaxIdle",
	"a redirect's body, which is dropped":                                            "httpclient.redirectBody",
	"a body that waits for who reads it (`Stream`, `StreamingCallback`)":             "httpclient.bodyMost",
	"the rest of a response that nobody reads further":                               "httpclient.leaveBytes httpclient.leaveTime",
	"challenges of Digest that one fetch answers":                                    "httpclient.maxRounds",
	"users and servers whose last challenge is remembered":                           "httpclient.maxSessions",
	"URLs whose parts are remembered":                                                "httpclient.urlSlots httpclient.urlMost",
	"HTTP/2: unread body of one stream":                                              "httpclient.h2Window",
	"HTTP/2: a new connection whose server has not said how many requests it takes":  "httpclient.settingsTime",
	"servers of which it is known whether they speak HTTP/2":                         "httpclient.h2Servers",
	"what is on its way to a proxy by TLS within TLS when the connection is closed":  "httpclient.lastWords",
	"HTTP/2: a connection with requests that says nothing":                           "httpclient.h2Silence httpclient.h2Sign",
	"a request's body in memory that is read before it is sent":                      "httpclient.bodyInMemory",
	"a GET's or DELETE's body of unknown length, until it shows whether it is empty": "httpclient.probeTime",
	"what is still to be sent when an upgraded connection is closed":                 "httpclient.closeTime",
}

// otherLimits are rows whose numbers are no constants of ours.
var otherLimits = []string{
	"requests that a client sends ahead",                         // as much as a loop's scratch buffer holds
	"HTTP/2: preface and first SETTINGS after a TLS handshake",   // golang.org/x/net/http2
	"HTTP/2: answers to control frames that wait for one client", // golang.org/x/net/http2
	"HTTP/2: a connection after GOAWAY and its last stream",      // golang.org/x/net/http2
	"lookups at once, of all system resolvers",                   // an async.Executor's
}

// limitFields are the structs each of whose numbers is in docs/limits.md, and how that calls them.
var limitFields = map[string]string{
	"http1.Limits":       "Limits.",
	"httpserver.Options": "",
	"formdata.Options":   "formdata.Options.",
	"httpclient.Options": "httpclient.Options.",
}

func TestLimitsAreDocumented(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "docs", "limits.md"))
	if err != nil {
		t.Fatal(err)
	}
	report(t, checkLimits(string(text), limitsOf, constants(goFiles(t))))
	for of, prefix := range limitFields {
		for _, field := range numbers(goFiles(t), of) {
			if !strings.Contains(string(text), "`"+prefix+field+"`") {
				t.Errorf("docs/limits.md does not name %s.%s", of, field)
			}
		}
	}
}

var (
	firstSpan = regexp.MustCompile("^ `([^`]*)`")
	digit     = regexp.MustCompile(`[0-9]`)
)

// checkLimits compares the numbers of the page's tables with the constants.
func checkLimits(text string, limits, all map[string]string) (problems []string) {
	met := map[string]bool{}
	for line := range strings.Lines(text) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		if len(cells) != 4 || !digit.MatchString(cells[2]) {
			continue
		}
		key := strings.TrimSpace(cells[0])
		if m := firstSpan.FindStringSubmatch(cells[1]); m != nil && limits[m[1]] != "" {
			key = m[1]
		}
		if slices.Contains(otherLimits, key) {
			continue
		}
		met[key] = true
		if limits[key] == "" {
			problems = append(problems, key+": no constant is known for it")
		}
		for _, name := range strings.Fields(limits[key]) {
			value, known := all[name]
			if !known {
				problems = append(problems, key+": no constant "+name)
			} else if !holds(strings.Join(cells[1:], " "), value) {
				problems = append(problems, fmt.Sprintf("%s: the page says %q, %s is %s", key, cells[2], name, value))
			}
		}
	}
	for key := range limits {
		if !met[key] {
			problems = append(problems, key+": not on the page")
		}
	}
	return problems
}

func TestCheckLimits(t *testing.T) {
	limits := map[string]string{"body": "p.most", "Time": "p.first p.then"}
	all := map[string]string{"p.most": "8 KiB", "p.first": "60 s", "p.then": "15 s"}
	const right = "| body | | 8 KiB | 413 |\n| pause | `Time` | 60 s, then every 15 s | |\n| other | | none | |\n"
	wantProblems(t, checkLimits(right, limits, all))
	wrong := strings.NewReplacer("8 KiB", "18 KiB", "15 s", "1 s").Replace(right)
	wantProblems(t, checkLimits(wrong, limits, all), `p.most is 8 KiB`, `p.then is 15 s`)
	wantProblems(t, checkLimits(right+"| heads | | 9 | |\n", limits, all), "heads: no constant is known")
	wantProblems(t, checkLimits("| body | | 8 KiB | |\n", limits, all), "Time: not on the page")
	wantProblems(t, checkLimits(right, limits, map[string]string{"p.first": "60 s", "p.then": "15 s"}), "no constant p.most")
}

// holds reports whether text has value in it, alone.
func holds(text, value string) bool {
	return regexp.MustCompile(`(^|[^0-9.,])` + regexp.QuoteMeta(value) + `($|[^0-9a-zA-Z])`).MatchString(text)
}

// constants returns the numeric constants of the tree as the page writes them.
func constants(files []*goFile) map[string]string {
	all := map[string]string{}
	for _, f := range files {
		for _, decl := range f.syntax.Decls {
			d, ok := decl.(*ast.GenDecl)
			if !ok || d.Tok != token.CONST || f.test {
				continue
			}
			for _, spec := range d.Specs {
				s := spec.(*ast.ValueSpec)
				for i, v := range s.Values {
					if text := written(f.fset, v); text != "" {
						all[f.syntax.Name.Name+"."+s.Names[i].Name] = text
					}
				}
			}
		}
	}
	return all
}

// written returns a constant as the page writes it: "8 KiB", "250 ms", "32"; or "" if it is no
// number.
func written(fset *token.FileSet, v ast.Expr) string {
	var source strings.Builder
	if printer.Fprint(&source, fset, v) != nil {
		return ""
	}
	units := strings.NewReplacer("time.Minute", "60e9", "time.Second", "1e9", "time.Millisecond", "1e6")
	text := units.Replace(source.String())
	value, err := types.Eval(fset, nil, token.NoPos, text)
	if err != nil || value.Value == nil {
		return ""
	}
	n, exact := constant.Int64Val(constant.ToInt(value.Value))
	switch {
	case !exact:
		return ""
	case text != source.String() && n < int64(time.Second):
		return fmt.Sprint(n/1e6, " ms")
	case text != source.String():
		return fmt.Sprint(n/1e9, " s")
	case n >= 1<<20 && n%(1<<20) == 0:
		return fmt.Sprint(n>>20, " MiB")
	case strings.Contains(text, "<<") && n >= 1<<10 && n%(1<<10) == 0:
		return fmt.Sprint(n>>10, " KiB")
	}
	return fmt.Sprint(n)
}

// numbers returns the fields of a struct that hold numbers or durations.
func numbers(files []*goFile, of string) (fields []string) {
	for _, f := range files {
		ast.Inspect(f.syntax, func(n ast.Node) bool {
			s, ok := n.(*ast.TypeSpec)
			if !ok || f.test || path.Base(f.dir)+"."+s.Name.Name != of {
				return true
			}
			for _, m := range s.Type.(*ast.StructType).Fields.List {
				if t := types.ExprString(m.Type); t == "int" || t == "int64" || t == "time.Duration" {
					for _, name := range m.Names {
						fields = append(fields, name.Name)
					}
				}
			}
			return false
		})
	}
	return fields
}
