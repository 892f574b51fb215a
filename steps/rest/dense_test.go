package rest_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/skillrun/skillrun/engine/types"
	"github.com/skillrun/skillrun/steps/rest"
)

// body answers with a text.
type body string

// RoundTrip answers.
func (b body) RoundTrip(req *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(string(b))), Request: req}, nil
}

// TestDense: an answer of more parts than an answer has is refused while it is
// read; what stands in texts, and what is not JSON, has none.
func TestDense(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		text  string
		dense bool
	}{
		"objects":          {" \n[" + strings.Repeat("{},", 100_001), true},
		"no more than may": {"[" + strings.Repeat("{},", 100_000), false},
		"values":           {"[" + strings.Repeat("1,", 1_000_000), true},
		"lists":            {strings.Repeat("[", 1_000_001), true},
		"a text":           {`["\"` + strings.Repeat("{,[", 1_000_000) + `\\", 1]`, false},
		"behind a text":    {`["\\", ` + strings.Repeat("{", 100_001), true},
		"names":            {"{" + strings.Repeat(`"":1,`, 400_000), true},
		"controls":         {strings.Repeat("\x01", 1<<20+1), true},
		"lines":            {strings.Repeat("\t\r\n", 1<<20), false},
		"no JSON":          {"x" + strings.Repeat("{,[", 1_000_000), false},
	} {
		resp, err := rest.Client(body(c.text), 0).Get("https://x.example.com")
		if err != nil {
			t.Fatal(err)
		}
		_, err = io.ReadAll(resp.Body)
		resp.Body.Close()
		if (err != nil) != c.dense || c.dense && types.CodeOf(rest.Transport(http.MethodGet, "look", err)) != types.Unavailable {
			t.Errorf("%s: %v", name, err)
		}
	}
}
