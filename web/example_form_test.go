package web_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"mime/multipart"
	"net/http/httptest"
	"os"
	"strings"

	"eddy/httputil/formdata"
	"eddy/web"
)

type signUp struct{ web.RequestHandler }

func (h *signUp) Post(ctx context.Context) error {
	name, err := h.BodyArgument("name")
	if err != nil {
		return err // without it: 400
	}
	picture, err := h.File("picture")
	if err != nil {
		return err
	}
	return h.Text(fmt.Sprintf("%s sent %s of %d bytes", name, picture.Name, picture.Size))
}

// A form with a file of usual size needs nothing but names.
func ExampleRequestHandler_File() {
	fmt.Println(send(web.URL("/", signUp{})))
	// Output: 200 Ada sent ada.txt of 11 bytes
}

type video struct {
	web.RequestHandler
	Dir string // outside of what is served
}

func (h *video) Post(ctx context.Context) error {
	// For this route alone: up to 4 GiB, which go to a temporary file on the disk that has the room.
	_, err := h.FormWith(ctx, formdata.Options{Body: 4 << 30, TempDir: h.Dir})
	if err != nil {
		return err // 413, 400, or 507 if the disk is full
	}
	upload, err := h.File("picture")
	if err != nil {
		return err
	}
	content, err := upload.Open()
	if err != nil {
		return err
	}
	kept, err := os.CreateTemp(h.Dir, "video-*") // never the client's own name
	if err != nil {
		return err
	}
	defer kept.Close()
	if _, err := io.Copy(kept, content); err != nil {
		return err
	}
	return h.Text("kept")
}

// A large upload gets limits of its own, and is copied to where it stays.
func ExampleRequestHandler_FormWith() {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	fmt.Println(send(web.URL("/", video{Dir: dir})))
	// Output: 200 kept
}

type checksum struct{ web.RequestHandler }

func (h *checksum) Post(ctx context.Context) error {
	for part, err := range h.Parts(ctx) {
		if err != nil {
			return err
		}
		if part.FileName == "" {
			continue // what is not read is skipped
		}
		sum := sha256.New()
		if _, err := io.Copy(sum, part); err != nil { // waits for the client, and holds 16 KiB
			return err
		}
		fmt.Fprintf(h, "%s %x", part.FileName, sum.Sum(nil)[:4])
	}
	return nil
}

// An upload of any size can be used as it comes.
func ExampleRequestHandler_Parts() {
	fmt.Println(send(web.URL("/", checksum{})))
	// Output: 200 ada.txt b94d27b9
}

// send posts a form with a name and a picture.
func send(rule web.Rule) string {
	var body strings.Builder
	form := multipart.NewWriter(&body)
	form.WriteField("name", "Ada")
	part, err := form.CreateFormFile("picture", "ada.txt")
	if err != nil {
		return err.Error()
	}
	io.WriteString(part, "hello world")
	form.Close()
	request := httptest.NewRequest("POST", "/", strings.NewReader(body.String()))
	request.Header.Set("Content-Type", form.FormDataContentType())
	w := httptest.NewRecorder()
	web.NewApplicationWith(quiet, rule).ServeHTTP(w, request)
	return fmt.Sprint(w.Code, " ", w.Body)
}
