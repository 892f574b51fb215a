package httpapi

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

var methods = []string{http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete}

// check refuses a request that no service is asked.
func (t Target) check(unknown step.UnknownPaths, write bool) error {
	if err := checkPlace(unknown.Has("path"), t.Path, t.Query); err != nil {
		return err
	}
	if err := t.checkFailures(unknown, "codes", write); err != nil {
		return err
	}
	if _, err := t.secretsOf(""); err != nil {
		return err
	}
	return checkHeaders(t.Headers, "")
}

func checkPlace(unknown bool, path string, query map[string]json.RawMessage) error {
	if !unknown {
		if err := checkPath(path); err != nil {
			return err
		}
	}
	_, err := encodeValues("query", query)
	return err
}

func (in GetIn) check(unknown step.UnknownPaths) error {
	if err := in.Target.check(unknown, false); err != nil || in.Pages == nil {
		return err
	}
	if in.Tail {
		return types.Errorf(types.BadInput, "tail does not go with pages").WithHint("leave out tail: of pages, all are read")
	}
	return in.Pages.check(unknown, "pages")
}

// checkQuery refuses what the site does not list, too.
func (f family) checkQuery(in QueryIn, unknown step.UnknownPaths) error {
	if err := in.GetIn.check(unknown); err != nil {
		return err
	}
	if err := in.Content.check(unknown, in.Headers); err != nil {
		return err
	}
	if p := in.Pages; p != nil && (p.By == "link" || p.By == "url") {
		return types.Errorf(types.BadInput, "pages by %s do not go with http_query", p.By).WithHint("use cursor, page or offset: the next request has the same path")
	}
	s, known := f.services[in.Service]
	if !known || unknown.Has("path") || unknown.Has("service") {
		return nil
	}
	return s.mayQuery(in.Service, in.Path)
}

// mayQuery refuses a path that the site does not list as one at which a POST only
// reads.
func (s Service) mayQuery(name, path string) error {
	path = "/" + strings.TrimPrefix(path, "/")
	for _, listed := range s.Queries {
		if slices.EqualFunc(strings.Split(path, "/"), strings.Split(listed, "/"), func(part, listed string) bool {
			return part == listed || listed == "*" && part != ""
		}) {
			return nil
		}
	}
	return types.Errorf(types.BadInput, "this site does not say that POST %s of service %s only reads", path, name).
		WithHint("if it does, the owner of the site can list it: services: {%s: {queries: [%s]}} in skillrun.yaml; if not, use http_request", name, path)
}

func (in RequestIn) check(unknown step.UnknownPaths) error {
	if !unknown.Has("method") && !slices.Contains(methods, in.Method) {
		return types.Errorf(types.BadInput, "the method is %q", in.Method).WithHint("use %s", fmt.Sprintf("%s, or http_get to look", strings.Join(methods, ", ")))
	}
	if err := in.Content.check(unknown, in.Headers); err != nil {
		return err
	}
	if err := in.checkIdempotency(); err != nil {
		return err
	}
	if err := in.Target.check(unknown, true); err != nil || in.Find == nil || unknown.Has("find") {
		return err
	}
	return in.Find.check(unknown)
}

// checkIdempotency refuses a header that is for something else.
func (in RequestIn) checkIdempotency() error {
	if in.IdempotencyHeader == nil {
		return nil
	}
	name := strings.ToLower(*in.IdempotencyHeader)
	twice := slices.ContainsFunc(append(types.SortedKeys(in.Headers), types.SortedKeys(in.SecretHeaders)...), func(h string) bool { return strings.ToLower(h) == name })
	if reserved().MatchString(name) && !isKeyHeader().MatchString(name) || twice || strings.HasPrefix(name, "content-") {
		return notForKeys(*in.IdempotencyHeader)
	}
	return nil
}

func notForKeys(header string) error {
	return types.Errorf(types.BadInput, "the header %s cannot carry the key", header).
		WithHint("name the one that the service documents, such as Idempotency-Key, and leave it out of headers")
}

func (f Finder) check(unknown step.UnknownPaths) error {
	if err := checkPlace(unknown.Has("find.path"), f.Path, f.Query); err != nil {
		return err
	}
	if err := (Target{Codes: f.Codes}).checkFailures(unknown, "find.codes", false); err != nil {
		return err
	}
	if err := f.checkNamed(unknown); err != nil {
		return err
	}
	if f.Pages != nil {
		if err := f.Pages.check(unknown, "find.pages"); err != nil {
			return err
		}
	}
	if f.Pointer == nil || unknown.Has("find.pointer") {
		return nil
	}
	return checkPointer(*f.Pointer)
}

// checkNamed refuses a find that does not name what has to be there.
func (f Finder) checkNamed(unknown step.UnknownPaths) error {
	if f.Has != nil {
		v, err := types.Decode(*f.Has)
		if _, ok := v.(map[string]any); err == nil && !ok && !unknown.Overlaps("find.has") {
			return types.Errorf(types.BadInput, "has of find is no object").WithHint("name members, such as has: {title: x}")
		}
		return unknown.CheckCount(0, 1, map[string]bool{"find.equals": f.Equals != nil, "find.has": true})
	}
	if len(f.Query)+len(unknown.Of("find.query")) > 0 && f.Pointer == nil && len(unknown.Of("find.has", "find.pointer")) == 0 || f.Pages != nil && f.Pointer == nil {
		return types.Errorf(types.BadInput, "find searches, and does not name what has to be there").
			WithHint("add has: {NAME: VALUE}, or pointer and equals; has: {} is anything")
	}
	return unknown.CheckTogether(map[string]bool{"find.pointer": f.Pointer != nil, "find.equals": f.Equals != nil})
}

// badEscape is a ~ that RFC 6901 has no meaning for.
var badEscape = types.Pattern(`~([^01]|$)`)

func checkPointer(pointer string) error {
	if pointer != "" && !strings.HasPrefix(pointer, "/") {
		return types.Errorf(types.BadInput, "%q is not a JSON pointer", pointer).WithHint("begin it with /, as in /items/0/name")
	}
	if badEscape().MatchString(pointer) {
		return types.Errorf(types.BadInput, "%q is not a JSON pointer", pointer).WithHint("in a name, write ~0 for a ~ and ~1 for a /")
	}
	return nil
}
