package httpapi_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
	"github.com/skillrun/skillrun/steps/httpapi"
)

// secretStep is a step of a site whose secret key is "sesame-open".
func (w world) secretStep(name string) step.Step {
	w.Helper()
	s, _ := step.NewCatalogue(httpapi.Steps(map[string]httpapi.Service{"http": w.service})).
		WithSecrets(func(string) (types.Secret, error) { return types.NewSecret("sesame-open"), nil }).Lookup(name)
	return s
}

// TestSecretHeaders: a secret is a header, or the bearer token, of the request, and of
// the one that looks for its effect.
func TestSecretHeaders(t *testing.T) {
	w := newWorld(t)
	const key = `"‹secret secrets.key›"`
	sent := func() {
		t.Helper()
		if w.api.last.Get("X-Api-Key") != "sesame-open" || w.api.last.Get("Authorization") != "Bearer sesame-open" {
			t.Errorf("%v", w.api.last)
		}
		w.api.last = nil
	}
	target := `"service":"http","path":"things/a","secret_headers":{"X-Api-Key":` + key + `},"bearer":` + key
	if _, err := w.secretStep("http_get").Do(t.Context(), json.RawMessage(`{`+target+`}`)); err != nil {
		t.Fatal(err)
	}
	sent()
	put := json.RawMessage(`{` + target + `,"method":"PUT","json":{},"find":{"path":"things/a"}}`)
	if _, err := w.secretStep("http_request").Do(t.Context(), put); err != nil {
		t.Fatal(err)
	}
	sent()
	if _, err := w.secretStep("http_request").Find(t.Context(), step.Key{Work: "w", Path: "p"}, put); err != nil {
		t.Fatal(err)
	}
	sent()
	p, err := w.secretStep("http_request").Preview(t.Context(), put, nil)
	if text := string(types.Encode(p.Change)); err != nil || strings.Count(text, "‹secret secrets.key›") != 2 || strings.Contains(text, "sesame") {
		t.Errorf("%s %v", text, err)
	}
}

// TestSecretHeadersRefused: a secret takes the place of nothing that is sent already.
func TestSecretHeadersRefused(t *testing.T) {
	w := newWorld(t)
	const key = `"‹secret secrets.key›"`
	for in, want := range map[string]string{
		`"headers":{"x-api-key":"x"},"secret_headers":{"X-Api-Key":` + key + `}`: "the header X-Api-Key stands in both headers and secret_headers",
		`"secret_headers":{"Authorization":` + key + `}`:                         "the header Authorization cannot be set by a step",
		`"secret_headers":{"a b":` + key + `}`:                                   `the header "a b" cannot be sent`,
		`"bearer":` + key:                                                        "service http has a credential of its own, and bearer would take its place",
	} {
		w.service.Token = types.NewSecret("t0ken-of-its-own")
		_, err := w.secretStep("http_get").Do(t.Context(), json.RawMessage(`{"service":"http","path":"things/a",`+in+`}`))
		if types.CodeOf(err) != types.BadInput || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", in, err)
		}
	}
	if len(w.api.asked) > 0 {
		t.Error(w.api.asked)
	}
}
