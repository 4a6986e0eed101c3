package eddy_test

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"eddy"
)

// Files go by sendfile, by copies through TLS, and in pieces; the bytes are the same.
func TestServer_SendsFiles(t *testing.T) {
	dir := t.TempDir()
	data := make([]byte, 3<<20)
	for i := range data {
		data[i] = byte(rand.Int())
	}
	if err := os.WriteFile(filepath.Join(dir, "file.bin"), data, 0o600); err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/", http.FileServer(http.Dir(dir)))
	mux.HandleFunc("/copy", func(w http.ResponseWriter, r *http.Request) {
		f, err := os.Open(filepath.Join(dir, "file.bin"))
		if err != nil {
			t.Error(err)
			return
		}
		defer f.Close()
		w.Header().Set("Content-Type", "x/y")
		w.Header().Set("Content-Length", fmt.Sprint(len(data)))
		io.WriteString(w, "") // nothing
		first, err1 := io.CopyN(w, f, 1000)
		w.Write(data[1000:2000])
		f.Seek(1000, io.SeekCurrent)
		rest, err2 := io.Copy(w, f)
		if first != 1000 || int(rest) != len(data)-2000 || err1 != nil || err2 != nil {
			t.Errorf("copied %d and %d: %v, %v", first, rest, err1, err2)
		}
	})
	mux.HandleFunc("/cut", func(w http.ResponseWriter, r *http.Request) { // less than announced
		f, err := os.Open(filepath.Join(dir, "file.bin"))
		if err != nil {
			t.Error(err)
			return
		}
		defer f.Close()
		w.Header().Set("Content-Type", "x/y")
		w.Header().Set("Content-Length", fmt.Sprint(len(data)+1))
		w.WriteHeader(200)
		io.Copy(w, f)
	})
	_, clear, plain := serve(t, mux, eddy.Options{})
	_, secure, tlsClient := serveTLS(t, mux, eddy.Options{})
	for url, client := range map[string]*http.Client{clear: plain, secure: tlsClient} {
		get := func(path, ranges string) ([]byte, error) {
			t.Helper()
			req, _ := http.NewRequest("GET", url+path, nil)
			if ranges != "" {
				req.Header.Set("Range", ranges)
			}
			resp, err := client.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			return io.ReadAll(resp.Body)
		}
		for range 2 { // the second time by the same connection
			if got, err := get("/file.bin", ""); err != nil || !bytes.Equal(got, data) {
				t.Errorf("%s: %d bytes, or others: %v", url, len(got), err)
			}
			if got, err := get("/file.bin", "bytes=100000-1999999"); err != nil || !bytes.Equal(got, data[100000:2000000]) {
				t.Errorf("%s: a range: %d bytes, or others: %v", url, len(got), err)
			}
			if got, err := get("/copy", ""); err != nil || !bytes.Equal(got, data) {
				t.Errorf("%s: copied: %d bytes, or others: %v", url, len(got), err)
			}
		}
		if got, err := get("/cut", ""); err == nil {
			t.Errorf("%s: %d bytes for one more passed for all of them", url, len(got))
		}
	}
}
