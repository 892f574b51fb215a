package httpapi

import (
	"bytes"
	"encoding/json"
	"mime/multipart"
	"net/textproto"
	"net/url"
	"slices"
	"strings"
	"unicode"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// Content is what a request sends.
type Content struct {
	JSON      *json.RawMessage           `json:"json" doc:"The request body, as JSON. Give one of json, form, multipart and body, or none."`
	Form      map[string]json.RawMessage `json:"form,omitempty" doc:"The request body, as a form (application/x-www-form-urlencoded): strings, numbers, booleans, and lists of them."`
	Multipart []Part                     `json:"multipart,omitempty" doc:"The request body, as the parts of a form (multipart/form-data)."`
	Body      *string                    `json:"body" doc:"The request body, as text; set the header content-type."`
}

// Part is one part of a form.
type Part struct {
	Name     string `json:"name" doc:"The name of the field."`
	Content  string `json:"content" doc:"What it holds."`
	Filename string `json:"filename,omitempty" doc:"With it, the part is a file of that name."`
	Type     string `json:"type,omitempty" doc:"Its content type; of a file, application/octet-stream by default."`
}

// body is what is sent, and of which kind it is.
func (c Content) body() (kind string, body []byte, err error) {
	switch {
	case c.JSON != nil:
		return "application/json", *c.JSON, nil
	case c.Form != nil:
		text, err := encodeValues("form", c.Form)
		return "application/x-www-form-urlencoded", []byte(text), err
	case c.Multipart != nil:
		kind, body = c.parts()
		return kind, body, nil
	case c.Body != nil:
		return "text/plain; charset=utf-8", []byte(*c.Body), nil
	}
	return "", nil, nil
}

// parts writes a form of parts. What separates them is made of what they hold, so
// that it stands in none of them, and is the same when the request is made again.
func (c Content) parts() (kind string, body []byte) {
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	_ = w.SetBoundary("skillrun-" + types.Digest(types.Encode(c.Multipart))[:40])
	for _, p := range c.Multipart {
		h := textproto.MIMEHeader{}
		disposition := `form-data; name="` + p.Name + `"`
		if p.Filename != "" {
			disposition += `; filename="` + p.Filename + `"`
			h.Set("Content-Type", "application/octet-stream")
		}
		h.Set("Content-Disposition", disposition)
		if p.Type != "" {
			h.Set("Content-Type", p.Type)
		}
		part, _ := w.CreatePart(h) // a buffer takes all of it
		_, _ = part.Write([]byte(p.Content))
	}
	_ = w.Close()
	return w.FormDataContentType(), b.Bytes()
}

var contentType = types.Pattern(`^[A-Za-z0-9!#$&^_.+-]+/[A-Za-z0-9!#$&^_.+-]+(; ?[A-Za-z0-9-]+=[A-Za-z0-9_.-]+)*$`)

func (c Content) check(unknown step.UnknownPaths, headers map[string]string) error {
	given := map[string]bool{"json": c.JSON != nil, "form": c.Form != nil, "multipart": c.Multipart != nil, "body": c.Body != nil}
	if err := unknown.CheckCount(0, 1, given); err != nil {
		return err
	}
	for _, p := range c.Multipart {
		if !isPlain(p.Name) || !isPlain(p.Filename) || strings.Contains(p.Filename, "/") || p.Filename == "." || p.Filename == ".." {
			return types.Errorf(types.BadInput, "the part %q, or its file name, cannot be sent", p.Name).
				WithHint("use no quotes, backslashes and line breaks, and no folders in a file name")
		}
		if p.Type != "" && !contentType().MatchString(p.Type) {
			return types.Errorf(types.BadInput, "%q is not a content type", p.Type).WithHint("write it as text/csv")
		}
	}
	own := slices.ContainsFunc(types.SortedKeys(headers), func(name string) bool { return strings.EqualFold(name, "content-type") })
	if own && (c.Form != nil || c.Multipart != nil) {
		return types.Errorf(types.BadInput, "the header content-type does not go with form and multipart").WithHint("leave it out: what is sent says what it is")
	}
	_, err := encodeValues("form", c.Form)
	return err
}

// isPlain reports whether a name can stand in quotes in the head of a part: services
// do not agree about how others are written.
func isPlain(name string) bool {
	return !strings.ContainsFunc(name, func(r rune) bool { return unicode.IsControl(r) || r == '"' || r == '\\' })
}

func encodeValues(what string, given map[string]json.RawMessage) (string, error) {
	out := url.Values{}
	for name, raw := range given {
		v, err := types.Decode(raw)
		if err != nil {
			return "", types.Errorf(types.BadInput, "%s of the %s cannot be sent: %w", name, what, err).WithHint("make it a string")
		}
		list, ok := v.([]any)
		if !ok {
			list = []any{v}
		}
		for _, one := range list {
			switch one.(type) {
			case map[string]any, []any, nil:
				return "", types.Errorf(types.BadInput, "%s of the %s is not a string, number or boolean", name, what).
					WithHint("give a default with ??, or make it a string")
			}
			out.Add(name, types.Show(one))
		}
	}
	return out.Encode(), nil
}
