package redirect_test

import (
	"fmt"
	"net/url"

	"eddy/internal/redirect"
)

func Example() {
	first, _ := url.Parse("https://user:secret@api.example/upload")
	c := redirect.New(redirect.Request{Method: "POST", URL: first, Body: redirect.Replayable}, 10)

	p, err := c.Next(303, []string{"/status?id=7"})
	fmt.Println(p.Method, p.URL, p.KeepBody, p.DropCredentials, err)

	p, err = c.Next(302, []string{"https://cdn.example/a b"})
	fmt.Println(p.Method, p.URL, p.KeepBody, p.DropCredentials, err)

	_, err = c.Next(200, nil)
	fmt.Println(err)
	// Output:
	// GET https://user:secret@api.example/status?id=7 false false <nil>
	// GET https://cdn.example/a%20b false true <nil>
	// not a redirect
}
