package httpapi_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// TestCodes: the first rule that applies to an answer gives the error its code.
func TestCodes(t *testing.T) {
	w := newWorld(t)
	const codes = `"codes":[
		{"status":[409],"code":"unavailable"},
		{"status":[200],"pointer":"/ok","equals":false,"code":"forbidden"},
		{"pointer":"/error/reason","matches":"(?i)quota","code":"rate_limited"},
		{"status":[400],"pointer":"/missing","code":"not_found"},
		{"status":[500],"matches":"^<html>","code":"network"}]`
	for _, c := range []struct {
		status int
		body   string
		want   types.Code
	}{
		{409, `{}`, types.Unavailable},
		{200, `{"ok":false,"error":{"reason":"quota"}}`, types.Forbidden},
		{200, `{"ok":true}`, ""},
		{200, `{"error":{"reason":"quota"}}`, ""}, // a success, and no rule names its status
		{403, `{"error":{"reason":"Quota exceeded"}}`, types.RateLimited},
		{403, `{"error":{"reason":7}}`, types.Forbidden},
		{400, `{"missing":["x"]}`, types.NotFound},
		{400, `{"missing":[]}`, types.BadInput},
		{400, `no JSON`, types.BadInput},
		{500, `<html>`, types.Network},
	} {
		for _, name := range []string{"http_get", "http_request"} {
			w.api.answer(jsonAnswer(c.status, c.body))
			in := `{"service":"http","path":"x",` + codes + `}`
			if name == "http_request" {
				in = `{"service":"http","path":"x","method":"POST",` + codes + `}`
			} else if c.body == "no JSON" || c.body == "<html>" {
				continue // of a read, it is no answer
			}
			s := w.step(name).CodedBy([]byte(in))
			_, err := s.Do(t.Context(), []byte(in))
			if types.CodeOf(err) != c.want || err != nil && !s.CanFail(c.want) {
				t.Errorf("%s: %d %s: %v, want %s", name, c.status, c.body, err, c.want)
			}
			if err != nil && types.AsError(err).Hint == "" {
				t.Errorf("%s: %d %s has no hint", name, c.status, c.body)
			}
		}
	}
	w.api.answer(nil)
	if s := w.step("http_get"); s.CanFail("exit_code") || !s.IsCoded() {
		t.Error("the step type itself fails with more")
	}
}

func TestBadCodes(t *testing.T) {
	w := newWorld(t)
	rule := func(text string) string { return `{"service":"http","path":"x","method":"POST",` + text + `}` }
	for in, want := range map[string]string{
		rule(`"codes":[{"status":[409],"code":"exit_code"}]`):                           `"exit_code" is no error code that can stand in codes`,
		rule(`"codes":[{"code":"conflict"}]`):                                           "conflict stands for no status and no body",
		rule(`"codes":[{"matches":"(","code":"conflict"}]`):                             `"(" is no regular expression`,
		rule(`"codes":[{"pointer":"x","code":"conflict"}]`):                             `"x" is not a JSON pointer`,
		rule(`"codes":[{"status":[400],"equals":1,"code":"conflict"}]`):                 "equals of conflict needs a pointer, and no matches",
		rule(`"codes":[{"pointer":"/x","matches":"a","equals":1,"code":"conflict"}]`):   "equals of conflict needs a pointer, and no matches",
		rule(`"codes":[{"status":[500,201],"code":"conflict"}]`):                        "status 201 means both success and conflict",
		rule(`"expect":[409],"codes":[{"status":[409],"code":"conflict"}]`):             "status 409 means both success and conflict",
		rule(`"codes":[{"status":[201],"pointer":"/x","code":"conflict"}]`):             "",
		rule(`"find":{"path":"x","codes":[{"status":[404],"code":"unknown_outcome"}]}`): `"unknown_outcome" is no error code`,
		rule(`"find":{"path":"x","query":{"q":1}}`):                                     "find searches, and does not name what has to be there",
		rule(`"find":{"path":"x","pages":{"by":"link"}}`):                               "find searches, and does not name what has to be there",
		rule(`"find":{"path":"x","query":{"q":1},"has":{}}`):                            "",
		rule(`"find":{"path":"x","has":[1]}`):                                           "has of find is no object",
		rule(`"find":{"path":"x","pointer":"/a","equals":1,"has":{}}`):                  "both find.equals and find.has are given",
		rule(`"idempotency_header":"Cookie"`):                                           "the header Cookie cannot carry the key",
		rule(`"idempotency_header":"X-Key","headers":{"x-key":"1"}`):                    "the header X-Key cannot carry the key",
		rule(`"idempotency_header":"X-Idempotency-Key"`):                                "",
		rule(`"multipart":[{"name":"a","content":"b","type":"text/csv\r\nX-A: b"}]`):    "is not a content type",
		rule(`"multipart":[{"name":"a\"b","content":"b"}]`):                             `the part "a\"b", or its file name, cannot be sent`,
		rule(`"multipart":[{"name":"a","content":"b","filename":"a\r\nb"}]`):            "or its file name, cannot be sent",
		rule(`"multipart":[{"name":"a","content":"b","filename":"../b"}]`):              "or its file name, cannot be sent",
		rule(`"headers":{"X-A":"a "}`):                                                  `the header "X-A" cannot be sent`,
		rule(`"form":{"a":1},"headers":{"Content-Type":"x/y"}`):                         "the header content-type does not go with form and multipart",
		rule(`"form":{"a":{"b":1}}`):                                                    "a of the form is not a string, number or boolean",
	} {
		err := w.step("http_request").CheckArguments([]byte(in), nil)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", in, err, want)
		}
	}
	w.service.Token, w.service.Header = types.NewSecret("secret-token"), "X-Key"
	ctx := step.WithCall(t.Context(), step.Call{Key: step.Key{Work: "w", Path: "p"}})
	if _, err := w.step("http_request").Do(ctx, []byte(rule(`"idempotency_header":"x-key"`))); types.CodeOf(err) != types.BadInput || !strings.Contains(err.Error(), "the header x-key cannot carry the key") {
		t.Error(err)
	}
}

// TestFindNames: an empty list is nothing; of a list, the element that is meant is
// found, and is the result.
func TestFindNames(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct {
		find, answer string
		want         step.FoundState
		json         string
	}{
		{`"path":"x"`, `[]`, step.StateAbsent, ""},
		{`"path":"x"`, `[{"id":1}]`, step.StateExists, `[{"id":1}]`},
		{`"path":"x"`, `{}`, step.StateExists, `{}`},
		{`"path":"x","query":{"q":1},"has":{}`, `[]`, step.StateAbsent, ""},
		{`"path":"x","query":{"q":1},"has":{"t":"b"}`, `[{"id":1,"t":"a"},{"id":2,"t":"b"}]`, step.StateExists, `{"id":2,"t":"b"}`},
		{`"path":"x","query":{"q":1},"has":{"t":"B"}`, `[{"id":1,"t":"a"},{"id":2,"t":"b"}]`, step.StateAbsent, ""},
		{`"path":"x","pointer":"/items","has":{"f":{"t":1}}`, `{"items":[{"f":{"t":1,"u":2}}]}`, step.StateExists, `{"f":{"t":1,"u":2}}`},
		{`"path":"x","pointer":"/items","has":{"f":{"t":1}}`, `{"items":[{"f":{"t":2}},7,null]}`, step.StateAbsent, ""},
		{`"path":"x","pointer":"/nothing","has":{}`, `{"items":[]}`, step.StateAbsent, ""},
		{`"path":"x","has":{"state":"done"}`, `{"state":"done"}`, step.StateExists, `{"state":"done"}`},
		{`"path":"x","has":{"state":"done"},"gone":true`, `{"state":"open"}`, step.StateExists, `{"state":"open"}`},
		{`"path":"x","codes":[{"status":[200],"pointer":"/none","equals":true,"code":"not_found"}]`, `{"none":true}`, step.StateAbsent, ""},
	} {
		w.api.answer(jsonAnswer(200, c.answer))
		got, err := w.find(`{"service":"http","method":"POST","path":"x","find":{`+c.find+`}}`, true)
		w.api.answer(nil)
		var out struct{ JSON json.RawMessage }
		if got.State == step.StateExists {
			_ = json.Unmarshal(got.Out, &out)
		}
		if err != nil || got.State != c.want || string(out.JSON) != c.json {
			t.Errorf("%s of %s: %s %s, %v", c.find, c.answer, got.State, out.JSON, err)
		}
	}
	w.api.answer(list(w))
	got, err := w.find(`{"service":"http","method":"POST","path":"x","find":{"path":"list","pages":{"by":"link","items":"/items"},"pointer":"/4","equals":5}}`, false)
	if err != nil || got.State != step.StateExists {
		t.Errorf("on the last page: %+v, %v", got, err)
	}
	w.api.answer(jsonAnswer(400, `{"message":"odd"}`))
	if got, err := w.find(`{"service":"http","method":"POST","path":"x","find":{"path":"x","codes":[{"status":[400],"code":"rate_limited"}]}}`, true); types.CodeOf(err) != types.RateLimited {
		t.Errorf("%+v, %v", got, err)
	}
}

// TestSentForms: values of forms are what they are, whatever is in them.
func TestSentForms(t *testing.T) {
	w := newWorld(t)
	hostile := "a\"b\r\nContent-Disposition: form-data; name=\"admin\"\r\n\r\n&x=1"
	in := map[string]any{"service": "http", "method": "POST", "path": "x", "expect": []int{404}, "form": map[string]any{"t": hostile, "n": []any{1, true}}}
	if _, err := w.do("http_request", string(types.Encode(in))); err != nil {
		t.Fatal(err)
	}
	if kind := w.api.last.Get("Content-Type"); kind != "application/x-www-form-urlencoded" || !strings.HasPrefix(w.api.sent, "n=1&n=true&t=a%22b%0D%0A") || !strings.HasSuffix(w.api.sent, "%26x%3D1") {
		t.Errorf("%s: %s", kind, w.api.sent)
	}
	delete(in, "form")
	in["multipart"] = []any{map[string]any{"name": "t", "content": hostile}, map[string]any{"name": "f", "content": "1,2\n", "filename": "ä b.csv", "type": "text/csv; charset=utf-8"}, map[string]any{"name": "g", "content": "", "filename": "g"}}
	if _, err := w.do("http_request", string(types.Encode(in))); err != nil {
		t.Fatal(err)
	}
	_, boundary, _ := strings.Cut(w.api.last.Get("Content-Type"), "boundary=")
	r := multipart.NewReader(strings.NewReader(w.api.sent), boundary)
	var got []string
	for {
		p, err := r.NextPart()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		_, _ = b.ReadFrom(p)
		got = append(got, p.FormName()+"|"+p.FileName()+"|"+p.Header.Get("Content-Type")+"|"+b.String())
	}
	want := []string{"t|||" + hostile, "f|ä b.csv|text/csv; charset=utf-8|1,2\n", "g|g|application/octet-stream|"}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// TestIdempotencyHeader: the key of the effect is sent, once even when the connection
// dies; then it may be sent again as long as the service keeps it.
func TestIdempotencyHeader(t *testing.T) {
	w := newWorld(t)
	const in = `{"service":"http","method":"POST","path":"things","idempotency_header":"Idempotency-Key"}`
	key := step.Key{Work: "work", Path: "path"}
	send := func(c step.Call) error {
		c.Key = key
		_, err := w.step("http_request").Do(step.WithCall(context.Background(), c), []byte(in))
		return err
	}
	find := func(c step.Call) step.FoundState {
		f, err := w.step("http_request").Find(step.WithCall(t.Context(), c), key, []byte(in))
		if err != nil {
			t.Error(err)
		}
		return f.State
	}
	w.api.answer(jsonAnswer(201, `{}`))
	if err := send(step.Call{}); err != nil || w.api.last.Get("Idempotency-Key") != "work-path" {
		t.Fatalf("%v, sent %q", err, w.api.last.Get("Idempotency-Key"))
	}
	w.api.answer(func(out http.ResponseWriter, _ *http.Request) bool { // on the connection that is there already
		conn, _, err := out.(http.Hijacker).Hijack()
		if err == nil {
			conn.Close()
		}
		return true
	})
	err := send(step.Call{})
	if asked := w.api.answer(nil); types.CodeOf(err) != types.UnknownOutcome || len(asked) != 1 {
		t.Errorf("%v: it was sent %d times", err, len(asked))
	}
	for _, c := range []struct {
		call step.Call
		want step.FoundState
	}{
		{step.Call{}, step.StateAbsent},
		{step.Call{AfterUnknown: true, UnknownFor: 23 * time.Hour}, step.StateAbsent},
		{step.Call{AfterUnknown: true, UnknownFor: 24 * time.Hour}, step.StateInconclusive},
	} {
		if got := find(c.call); got != c.want {
			t.Errorf("%+v: %s", c.call, got)
		}
	}
	for _, c := range []struct {
		status       int
		first, again types.Code
	}{
		{409, types.UnknownOutcome, types.UnknownOutcome}, // the first one may still be at work
		{422, types.BadInput, types.UnknownOutcome},       // refused now says nothing of before
		{401, types.Auth, types.UnknownOutcome},
		{201, "", ""},
	} {
		w.api.answer(jsonAnswer(c.status, `{}`))
		if got := types.CodeOf(send(step.Call{})); got != c.first {
			t.Errorf("%d at first: %s", c.status, got)
		}
		if got := types.CodeOf(send(step.Call{AfterUnknown: true})); got != c.again {
			t.Errorf("%d after a lost answer: %s", c.status, got)
		}
	}
	w.api.answer(jsonAnswer(422, `{}`))
	if err := send(step.Call{AfterUnknown: true}); err == nil || !strings.Contains(err.Error(), "an earlier request with this key may have been carried out: POST ") {
		t.Error(err)
	}
	w.api.answer(jsonAnswer(409, `{}`))
	named := strings.Replace(in, "{", `{"codes":[{"status":[409],"code":"conflict"}],`, 1)
	if _, err := w.step("http_request").Do(t.Context(), []byte(named)); types.CodeOf(err) != types.Conflict {
		t.Errorf("what the service says by 409 is for the skill to say: %v", err)
	}
}
