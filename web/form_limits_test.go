package web_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"eddy/web"
)

// limitedForm is a handler of forms whose Prepare has set how long the body may be.
type limitedForm struct{ web.RequestHandler }

func (h *limitedForm) Prepare(context.Context) error {
	var most int64
	fmt.Sscan(h.Request.Query, &most)
	return h.SetMaxBody(most)
}

func (h *limitedForm) Post(context.Context) error {
	text, err := h.BodyArgument("a")
	if err != nil {
		return err
	}
	files, err := h.Files("file")
	if err != nil {
		return err
	}
	return h.Text(fmt.Sprint(len(text), " ", len(files)))
}

// SetMaxBody in Prepare makes room for files and for what is in memory anyway, and none for arguments between files.
func TestEngines_FormsAndSetMaxBody(t *testing.T) {
	s, _ := spooling(t)
	s.MaxBody = 1000
	s.Form.Values = 1000
	long := strings.Repeat("x", 5000)
	argument := "--1234\r\nContent-Disposition: form-data; name=a\r\n\r\n"
	file := "\r\n--1234\r\nContent-Disposition: form-data; name=file; filename=f\r\n\r\n"
	forEachEngine(t, web.NewApplicationWith(s, web.URL("/", limitedForm{})), func(t *testing.T, base string) {
		for _, tc := range []struct{ name, most, kind, body, want string }{
			{"urlencoded", "6000", formType, "a=" + long, "200 5000 0"},
			{"urlencoded beyond it", "4000", formType, "a=" + long, "413"},
			{"a file", "6000", multiType, argument + "x" + file + long + "\r\n--1234--", "200 1 1"},
			{"a file beyond it", "4000", multiType, argument + "x" + file + long + "\r\n--1234--", "413"},
			{"an argument beside it", "6000", multiType, argument + long + "\r\n--1234--", "413"},
			{"no bound", "-1", multiType, argument + "x" + file + long + "\r\n--1234--", "200 1 1"},
			{"an argument without a bound", "-1", multiType, argument + long + "\r\n--1234--", "413"},
		} {
			resp, body, err := fetch(t, "POST", base+"/?"+tc.most, tc.body, "Content-Type: "+tc.kind)
			if got := fmt.Sprint(resp.StatusCode, " ", body); !strings.HasPrefix(got, tc.want) || err != nil {
				t.Errorf("%s: %s, %v, want %s", tc.name, got, err, tc.want)
			}
		}
	})
}
