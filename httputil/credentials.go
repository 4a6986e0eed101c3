package httputil

import (
	"errors"
	"strings"

	"golang.org/x/text/unicode/norm"
)

var errCredentials = errors.New("httputil: a user name holds a colon, or it or the password a control character")

// Credentials returns "user:password" as HTTP's Basic scheme has it before base64: in UTF-8 and Unicode's form
// NFC, so that it does not depend on how an é was typed (RFC 7617 §2.1). It fails, in fixed
// words, for a colon in the user name and for control characters (RFC 7617 §2).
func Credentials(user, password string) (string, error) {
	isControl := func(r rune) bool { return r < ' ' || r >= 0x7f && r < 0xa0 }
	if strings.Contains(user, ":") || strings.ContainsFunc(user, isControl) || strings.ContainsFunc(password, isControl) {
		return "", errCredentials
	}
	return norm.NFC.String(user) + ":" + norm.NFC.String(password), nil
}
