package gitlab

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"

	v2 "gitlab.com/gitlab-org/api/client-go/v2"
)

// This file checks what is exchanged against GitLab's own client: the steps do
// not use it, so that it is a second opinion on requests and on the stand-in.

// exchanged is one request with its answer.
type exchanged struct {
	method, path string // the path from the API's root, escaped
	query        url.Values
	body         []byte
	status       int
	answer       []byte
}

// judged lets the stand-in answer, and objects to what the client would not
// send or not understand.
func (w *world) judged(rw http.ResponseWriter, r *http.Request) {
	x := exchanged{method: r.Method, path: strings.TrimPrefix(r.URL.EscapedPath(), "/api/v4/"), query: r.URL.Query()}
	x.body, _ = io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(x.body))
	rec := httptest.NewRecorder()
	w.lab.ServeHTTP(rec, r)
	x.status, x.answer = rec.Code, rec.Body.Bytes()
	if !w.skip && r.URL.Path != "/" { // the examination asks for the front page
		w.routes[x.route()] = true
		o := x.objections()
		for _, o := range o[:min(3, len(o))] {
			w.t.Errorf("contract: %s %s: %s", x.method, x.path, o)
		}
	}
	maps.Copy(rw.Header(), rec.Header())
	rw.WriteHeader(rec.Code)
	_, _ = rw.Write(x.answer)
}

func (x exchanged) route() string {
	r, ok := v2.MatchRoute(x.path)
	if !ok {
		return ""
	}
	return x.method + " " + r.String()
}

// objections is all that the contract has against the exchange.
func (x exchanged) objections() []string {
	i := slices.IndexFunc(contract, func(c agreed) bool { return c.route == x.route() })
	if i < 0 {
		return []string{"GitLab's client has no such route, or the contract does not name it: " + x.route()}
	}
	c := contract[i]
	out := strictQuery(x.query, c.options)
	out = append(out, strictBody(x.body, c.options)...)
	if x.status/100 != 2 {
		return append(out, refusal(x.answer)...)
	}
	if x.status == http.StatusNoContent {
		return out
	}
	return append(out, strictAnswer(x.answer, c.answer, samples()[c.sample])...)
}

// refusal objects to one that does not say why.
func refusal(answer []byte) []string {
	var said map[string]any
	if err := json.Unmarshal(answer, &said); err != nil || said["message"] == nil && said["error"] == nil {
		return []string{"a refusal without a message"}
	}
	return nil
}

// field is a field of the client's, and the struct that declares it.
type field struct {
	t  reflect.Type
	in string
}

// fieldsOf are the fields of a struct by their names in a tag, those of
// embedded structs too.
func fieldsOf(t reflect.Type, tag string) map[string]field {
	out := map[string]field{}
	if t == nil || t.Kind() != reflect.Struct {
		return out
	}
	for i := range t.NumField() {
		f := t.Field(i)
		if f.Anonymous {
			for name, below := range fieldsOf(f.Type, tag) {
				if _, nearer := out[name]; !nearer {
					out[name] = below
				}
			}
		}
		if name, _, _ := strings.Cut(f.Tag.Get(tag), ","); name != "" {
			out[name] = field{f.Type, t.Name()}
		}
	}
	return out
}

func strictQuery(q url.Values, options any) []string {
	var out []string
	known := fieldsOf(reflect.TypeOf(options), "url")
	for name, values := range q {
		f, ok := known[name]
		if !ok {
			out = append(out, "the query has "+name+", which the client does not know")
			continue
		}
		t := f.t
		for t.Kind() == reflect.Pointer {
			t = t.Elem()
		}
		if t.Kind() != reflect.Slice && len(values) > 1 {
			out = append(out, "the query has "+name+" more than once")
		}
		for _, v := range values {
			if !fits(t, v) {
				out = append(out, fmt.Sprintf("the query's %s is %q, which is no %s", name, v, t))
			}
		}
	}
	return out
}

// fits reports whether a query's text is of the type.
func fits(t reflect.Type, text string) bool {
	switch t.Kind() {
	case reflect.Int64:
		_, err := strconv.ParseInt(text, 10, 64)
		return err == nil
	case reflect.Bool:
		_, err := strconv.ParseBool(text)
		return err == nil
	case reflect.Slice:
		return fits(t.Elem(), text)
	}
	if t == reflect.TypeFor[v2.BuildStateValue]() {
		return slices.Contains(pipelineStates, text)
	}
	return t.Kind() == reflect.String
}

// strictBody decodes the body into the client's options, and checks what those
// encode to against it: nothing may be dropped or bent on the way.
func strictBody(body []byte, options any) []string {
	if len(body) == 0 {
		return nil
	}
	if options == nil {
		return []string{"there is a body, and the client sends none"}
	}
	into := reflect.New(reflect.TypeOf(options))
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(into.Interface()); err != nil {
		return []string{"the body does not decode: " + err.Error()}
	}
	again, err := json.Marshal(into.Interface())
	if err != nil {
		return []string{"the body does not encode: " + err.Error()}
	}
	var was, is any
	if json.Unmarshal(body, &was) != nil || json.Unmarshal(again, &is) != nil || !reflect.DeepEqual(was, is) {
		return []string{fmt.Sprintf("the client would send %s, not %s", again, body)}
	}
	return nil
}

// strictAnswer objects to members that neither the client's type nor its own
// sample has, to those of another kind than in the sample, and to what does
// not decode.
func strictAnswer(answer []byte, want, sample any) []string {
	var v any
	if err := json.Unmarshal(answer, &v); err != nil {
		return []string{"the answer does not decode: " + err.Error()}
	}
	t := reflect.TypeOf(want)
	out := checker{}.walk("answer", v, t, sample)
	if err := json.Unmarshal(answer, reflect.New(t).Interface()); err != nil {
		out = append(out, "the answer does not decode: "+err.Error())
	}
	return out
}

// checker keeps the fields of each struct that it has come across.
type checker map[reflect.Type]map[string]field

func (c checker) fields(t reflect.Type) map[string]field {
	if c[t] == nil {
		c[t] = fieldsOf(t, "json")
	}
	return c[t]
}

func (c checker) walk(at string, v any, t reflect.Type, sample any) []string {
	if v != nil && sample != nil && reflect.TypeOf(v) != reflect.TypeOf(sample) {
		return []string{fmt.Sprintf("%s is %T, in the client's sample %T", at, v, sample)}
	}
	for t != nil && t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch v := v.(type) {
	case []any:
		var elem reflect.Type
		if t != nil && t.Kind() == reflect.Slice {
			elem = t.Elem()
		}
		var first any
		if list, _ := sample.([]any); len(list) > 0 {
			first = list[0]
		}
		var out []string
		for i, e := range v {
			out = append(out, c.walk(fmt.Sprintf("%s[%d]", at, i), e, elem, first)...)
		}
		return out
	case map[string]any:
		return c.walkObject(at, v, t, sample)
	}
	return nil
}

func (c checker) walkObject(at string, v map[string]any, t reflect.Type, sample any) []string {
	like, _ := sample.(map[string]any)
	var out []string
	for name, member := range v {
		f, known := c.fields(t)[name]
		shown, sampled := like[name]
		if !known && !sampled && t != nil {
			out = append(out, at+"."+name+" is not known to the client")
			continue
		}
		if words := plausible[f.in+"."+name]; words != nil && member != nil && !slices.Contains(words, fmt.Sprint(member)) {
			out = append(out, fmt.Sprintf("%s.%s is %v, which GitLab never says", at, name, member))
		}
		out = append(out, c.walk(at+"."+name, member, f.t, shown)...)
	}
	return out
}

// samples are the client's own answers that the contract names, from the
// module cache; empty when this machine has none.
var samples = sync.OnceValue(func() map[string]any {
	pc := reflect.ValueOf(v2.MatchRoute).Pointer()
	file, _ := runtime.FuncForPC(pc).FileLine(pc)
	out := map[string]any{}
	for _, c := range contract {
		var v any
		data, err := os.ReadFile(filepath.Join(filepath.Dir(file), "testdata", c.sample))
		if err == nil && json.Unmarshal(data, &v) == nil {
			out[c.sample] = v
		}
	}
	return out
})
