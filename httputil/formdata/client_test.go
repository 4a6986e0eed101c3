package formdata_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"eddy/httputil/formdata"
)

// TestBuilder_GoesOutByAnyClient sends a form as docs/forms.md shows it, to a server that wants it
// at another place.
func TestBuilder_GoesOutByAnyClient(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/" {
			io.Copy(io.Discard, r.Body)
			http.Redirect(w, r, "/there", http.StatusTemporaryRedirect)
			return
		}
		file, head, err := r.FormFile("f")
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		content, _ := io.ReadAll(file)
		fmt.Fprint(w, r.ContentLength, r.TransferEncoding, r.FormValue("title"), head.Filename, string(content))
	}))
	defer server.Close()
	for path, content := range map[string]formdata.Content{
		"/":      text("content"),
		"/there": formdata.FromReader(strings.NewReader("content")),
	} {
		b := formdata.NewBuilder()
		noError(t, b.Field("title", "Notes"))
		noError(t, b.File("f", "a.txt", "", content))
		body, err := b.Reader()
		noError(t, err)
		request, err := http.NewRequest("POST", server.URL+path, body)
		noError(t, err)
		request.Header.Set("Content-Type", b.ContentType())
		request.ContentLength = b.Size()
		request.GetBody = b.Reader
		response, err := server.Client().Do(request)
		noError(t, err)
		got, err := io.ReadAll(response.Body)
		noError(t, err)
		noError(t, response.Body.Close())
		want := fmt.Sprint(b.Size(), []string{}, "Notes", "a.txt", "content")
		if !b.Replayable() {
			want = fmt.Sprint(-1, []string{"chunked"}, "Notes", "a.txt", "content")
		}
		if string(got) != want {
			t.Errorf("%s: got %q, want %q", path, got, want)
		}
	}
}
