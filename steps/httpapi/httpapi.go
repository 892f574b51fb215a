// Package httpapi holds the steps that ask any HTTP API which has no family of
// its own.
//
// Where a request goes is decided by the configuration: a service of kind http
// names a url and a credential, and a step names a path below it. No path
// leaves it, no header of a step is a credential, and the service's own goes to
// no other host: reads follow redirects within it, writes none.
//
// Which of an API's requests change something, no one but the author of the
// skill can know, and the method is the only hint: GET is http_get, a read;
// POST, PUT, PATCH and DELETE are http_request, a write. How to look whether a
// write has happened is for the skill to say too, with find: a GET that tells.
// Without it, a write whose answer was lost asks a person. Only of a DELETE the
// request itself says how to look: what it deletes is there, or it is not.
// That PUT may be repeated by the letter of the protocol is no ground to do so
// unasked: someone may have changed the thing meanwhile.
package httpapi

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/skillrun/skillrun/engine/types"
)

// Service is one API, as the configuration names it.
type Service struct {
	URL       string            // what every path is below
	User      string            // with it, user and token are sent as basic authentication
	Token     types.Secret      // zero for an API that wants none
	Tokens    *Tokens           // where its access tokens come from, in place of user and token; may be nil
	Header    string            // in which the token is sent as it is; "" is Authorization
	Queries   []string          // the paths at which a POST only reads; a * is any one part
	Transport http.RoundTripper // how it is reached; http.DefaultTransport without one
	Timeout   time.Duration     // for one exchange; 0 is no limit
}

type family struct{ services map[string]Service }

// Target is where a request goes, and what of its answer is wanted.
type Target struct {
	Service       string                     `json:"service,omitempty" default:"http" trusted:"true" pattern:"^[a-z][a-z0-9_-]*$" doc:"The name of the http service in the configuration: it decides the host and the credential."`
	Path          string                     `json:"path" doc:"The path below the service's url, percent-encoded: encode a part that comes from outside with url_encode, so that its slashes do not split the path. Without a query."`
	Query         map[string]json.RawMessage `json:"query,omitempty" doc:"The query parameters: strings, numbers, booleans, and lists of them for a repeated parameter."`
	Headers       map[string]string          `json:"headers,omitempty" doc:"Headers to send, without the credential, which the service adds."`
	SecretHeaders map[string]types.Secret    `json:"secret_headers,omitempty" doc:"Headers to send whose values are secrets, such as X-Api-Key."`
	Bearer        types.Secret               `json:"bearer,omitzero" doc:"A secret to send as Authorization: Bearer, to a service that has no credential of its own."`
	Expect        []int                      `json:"expect,omitempty" doc:"The status codes that mean success; by default 200 to 299."`
	Codes         []Failure                  `json:"codes,omitempty" literal:"true" doc:"Error codes for what is answered; the first rule that applies counts, and it comes before expect. Without one, the status decides. Of a request that changes something, a code says that it did not happen; unknown_outcome, that this is unknown."`
	MaxBody       int                        `json:"max_body,omitempty" default:"1048576" minimum:"1" maximum:"10485760" doc:"How many bytes of the response body are read; of each page."`
}

// ServiceName is the service that a step asks.
func (t Target) ServiceName() string { return t.Service }

// About is nothing: what another step made, no one but the skill can know.
func (Target) About() (what, thing string) { return "", "" }

// GetIn are the arguments of http_get.
type GetIn struct {
	Target
	Tail  bool   `json:"tail,omitempty" doc:"true keeps the end of a response that is longer than max_body, such as of a log, from the beginning of a line; without it, such a response is an error. truncated says so, and json is absent then. Up to 10 MiB are read."`
	Pages *Pages `json:"pages" doc:"How the list goes on that the response is a part of. All parts are read."`
}

// QueryIn are the arguments of http_query.
type QueryIn struct {
	GetIn
	Content
}

// RequestIn are the arguments of http_request.
type RequestIn struct {
	Target
	Method string `json:"method" enum:"POST,PUT,PATCH,DELETE" doc:"The method."`
	Content
	Find              *Finder `json:"find" doc:"How to check with GET whether the effect exists already: before the request is sent, and again when its response was lost. If the effect exists, nothing is sent, and the result is this response. Without find, a lost response parks the run until it is resolved, except for a DELETE, where the path itself is checked, and with idempotency_header."`
	IdempotencyHeader *string `json:"idempotency_header" literal:"true" pattern:"^[A-Za-z][A-Za-z0-9-]{0,63}$" doc:"The header, such as Idempotency-Key, by which the service knows a request that it has carried out already. It is sent with a key that is the same whenever the same work is done again. When a response was lost, the request is sent again."`
	IdempotencyFor    string  `json:"idempotency_for,omitempty" default:"24h" format:"duration" doc:"How long the service keeps such keys. After that, a lost response parks the run until it is resolved."`
}

// Finder is a GET that tells whether an effect is there: 404 and 410 say that
// nothing is found, 200 to 299 that something is, unless that is an empty list, and
// everything else fails.
type Finder struct {
	Path    string                     `json:"path" doc:"The path below the service's url."`
	Query   map[string]json.RawMessage `json:"query,omitempty" doc:"The query parameters. A search needs has or pointer: it always finds something."`
	Pointer *string                    `json:"pointer" doc:"A JSON pointer (RFC 6901) into the response, such as /items/0/name: the effect exists if the value there is that of equals, or has the members of has."`
	Equals  *json.RawMessage           `json:"equals" doc:"The value that the pointer must find."`
	Has     *json.RawMessage           `json:"has" doc:"Members that must be there, such as {title: x}: in the response, or in what the pointer finds; of a list, in one of its elements. json of the result is then only this element. {} is any."`
	Gone    bool                       `json:"gone,omitempty" doc:"true inverts it: the effect is that nothing is found any more."`
	Codes   []Failure                  `json:"codes,omitempty" literal:"true" doc:"Error codes for what is answered, which come first: not_found means that nothing is found, and every other code that it is unknown."`
	Pages   *Pages                     `json:"pages" doc:"How the list goes on that the response is a part of."`
}

// Out is the answer to a request.
type Out struct {
	Status    int               `json:"status" doc:"The status code."`
	Headers   map[string]string `json:"headers" doc:"The response headers by lower-case name, repeated ones joined with commas; without cookies."`
	Body      string            `json:"body" doc:"The body as text; what is not UTF-8 is replaced."`
	JSON      *any              `json:"json,omitempty" doc:"The parsed body, when the response is JSON; with pages, the whole list. A number that does not fit, an integer beyond 64 bits or one like 1e400, is a string. Absent for a write whose response is not valid JSON; body has the text."`
	Truncated bool              `json:"truncated" doc:"Whether body is not all of the response: with tail, its end; of a write, the beginning of one that was longer than max_body, or incomplete. Any other read fails then."`
}
