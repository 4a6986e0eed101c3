package web_test

import (
	"context"
	"io"
	"net/http"
	"os/exec"
	"strings"
	"testing"
	"time"

	"eddy/httpclient"
	"eddy/httputil/compress"
)

// TestCompressResponse_Clients holds that clients that are not of these tests understand all of it.
func TestCompressResponse_Clients(t *testing.T) {
	want := map[string]string{
		"/page": page, "/stream": "part 0;part 1;part 2;", "/files/large.txt": strings.Repeat(page, 30), "/mounted/sniffed": page,
	}
	client := httpclient.New(httpclient.Options{})
	defer client.Close()
	for _, codings := range [][]string{nil, {"gzip"}, {"deflate"}, {"zstd"}} {
		forEachEngine(t, packedApplication(compress.Options{Codings: codings}), func(t *testing.T, base string) {
			for path, body := range want {
				resp, err := client.Get(t.Context(), base+path)
				if err != nil || string(resp.Body) != body {
					t.Errorf("httpclient, %s, %q: %v", path, codings, err)
				}
			}
			resp, err := http.Get(base + "/page") // which asks for gzip by itself
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			if b, err := io.ReadAll(resp.Body); string(b) != page || err != nil || resp.Uncompressed != (codings == nil || codings[0] == "gzip") {
				t.Errorf("net/http, %q: %d bytes, %v, decoded %v", codings, len(b), err, resp.Uncompressed)
			}
		})
	}
	http.DefaultClient.CloseIdleConnections()
}

func TestCompressResponse_Curl(t *testing.T) {
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("no curl here")
	}
	version, err := exec.Command("curl", "-q", "-V").Output()
	if err != nil || !strings.Contains(string(version), "libz") {
		t.Skip("curl cannot decode here")
	}
	forEachEngine(t, packedApplication(compress.Options{}), func(t *testing.T, base string) {
		for path, body := range map[string]string{"/page": page, "/stream": "part 0;part 1;part 2;", "/files/large.txt": strings.Repeat(page, 30)} {
			for _, accept := range []string{"gzip", "deflate", "zstd"} {
				if accept == "zstd" && !strings.Contains(string(version), "zstd") {
					continue
				}
				ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
				out, err := exec.CommandContext(ctx, "curl", "-q", "-s", "-S", "-f", "--noproxy", "*", "--compressed",
					"-H", "Accept-Encoding: "+accept, base+path).CombinedOutput()
				cancel()
				if err != nil || string(out) != body {
					t.Errorf("%s by %s: %.100q, %v", path, accept, out, err)
				}
			}
		}
	})
}
