package digest_test

import (
	"fmt"
	"log"

	"eddy/httputil"
	"eddy/internal/digest"
)

func ExampleSession() {
	s := digest.New("Mufasa", "Circle of Life", func() string { return "f2/wE4q74E6z" }) // in earnest, give nil
	request := digest.Request{Method: "GET", Target: "/"}
	// A response with status 401 has said:
	challenges, err := httputil.ParseChallenges(`Basic realm="r"`, `Digest realm="r", nonce="n", qop="auth", algorithm=SHA-256`)
	if err != nil {
		log.Fatal(err)
	}
	answer, err := s.Retry(challenges, nil, request)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("Authorization:", answer.Field)
	// Output:
	// Authorization: Digest username="Mufasa", realm="r", nonce="n", uri="/", response="c982af396c1ecb32ee83d0052077f72ba8468a704667a09c87c98cb36aa7de20", algorithm=SHA-256, cnonce="f2/wE4q74E6z", qop=auth, nc=00000001
}
