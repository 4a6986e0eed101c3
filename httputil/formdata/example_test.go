package formdata_test

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"eddy/httputil"
	"eddy/httputil/formdata"
)

func Example() {
	body := "--X\r\nContent-Disposition: form-data; name=\"title\"\r\n\r\nNotes\r\n" +
		"--X\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\n\r\nhello\r\n--X--\r\n"
	var header httputil.Header
	header.Set("Content-Type", "multipart/form-data; boundary=X")

	form, err := formdata.Read(strings.NewReader(body), &header, formdata.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer form.Close()
	file := form.Files["file"][0]
	content, err := file.Body()
	fmt.Println(form.Values.Get("title"), file.Name, string(content), err)
	// Output: Notes a.txt hello <nil>
}

func ExampleReader() {
	body := "--X\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\n\r\nhello\r\n--X--\r\n"
	var header httputil.Header
	header.Set("Content-Type", "multipart/form-data; boundary=X")

	parts, err := formdata.NewReader(strings.NewReader(body), &header, formdata.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	for {
		part, err := parts.Next()
		if err == io.EOF {
			return
		}
		if err != nil {
			fmt.Println(err)
			return
		}
		n, err := io.Copy(io.Discard, part)
		fmt.Println(part.Name, part.FileName, n, err)
	}
	// Output: file a.txt 5 <nil>
}

func ExampleBuilder() {
	b := formdata.NewBuilder()
	photo := strings.NewReader("the bytes of a photo") // or an os.File
	err := errors.Join(
		b.Field("title", "Notes"),
		b.File("photo", "me.jpg", "image/jpeg", formdata.FromReaderAt(photo, photo.Size())),
	)
	if err != nil {
		fmt.Println(err)
		return
	}
	body, err := b.Reader()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer body.Close()
	// A client sends b.ContentType(), b.Size() and body. Here the other side is at once at hand.
	var header httputil.Header
	header.Set("Content-Type", b.ContentType())
	form, err := formdata.Read(body, &header, formdata.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer form.Close()
	fmt.Println(form.Values.Get("title"), form.Files["photo"][0].Name, form.Files["photo"][0].Size)
	// Output: Notes me.jpg 20
}
