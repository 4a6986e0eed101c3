package web_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"

	"eddy/web"
)

type mainHandler struct{ web.RequestHandler }

func (h *mainHandler) Get(context.Context) error { return h.Text("Hello, world") }

type storyHandler struct {
	web.RequestHandler
	stories map[string]string // copied from the prototype for every request
}

func (h *storyHandler) Get(context.Context) error {
	story, ok := h.stories[h.PathValue("id")]
	if !ok {
		return web.Errorf(http.StatusNotFound, "no story %q", h.PathValue("id"))
	}
	return h.JSON(map[string]string{"story": story})
}

// An application is an http.Handler too, so httptest can ask it.
func Example() {
	app := web.NewApplicationWith(quiet,
		web.URL("/", mainHandler{}),
		web.URL("/story/{id}", storyHandler{stories: map[string]string{"1": "Once"}}, web.Name("story")),
		web.Func("/add", func(ctx context.Context, h *web.RequestHandler) error {
			name, err := h.Argument("name")
			if err != nil {
				return err
			}
			return h.Text("added " + name)
		}, web.Methods(http.MethodPost)),
	)
	ask := func(method, target string) {
		w := httptest.NewRecorder()
		app.ServeHTTP(w, httptest.NewRequest(method, target, nil))
		fmt.Println(method, target, w.Code, w.Body, w.Header()["Allow"])
	}
	ask("GET", "/")
	ask("GET", "/story/1")
	ask("POST", "/add?name=Ada")
	ask("OPTIONS", "/add")
	path, _ := app.ReverseURL("story", 1)
	fmt.Println(path)
	// Output:
	// GET / 200 Hello, world []
	// GET /story/1 200 {"story":"Once"} []
	// POST /add?name=Ada 200 added Ada []
	// OPTIONS /add 204  [POST, OPTIONS]
	// /story/1
}
