// Package httpapi holds the steps that ask any HTTP API which has no family of
// its own.
//
// Where a request goes is decided by the configuration: a service of kind http
// names a url and a credential, and a step names a path below it. No path
// leaves it, no header of a step is a credential, and the service's own goes to
// no other host: reads follow redirects within it, writes none.
//
// Which of an API's requests change something, nobody but the author of the
// skill can know, and the method is the only hint: GET is http_get, a read;
// POST, PUT, PATCH and DELETE are http_request, a write. How to look whether a
// write has happened is for the skill to say too, with find: a GET that tells.
// Without it, a write whose answer was lost asks a person. Only of a DELETE the
// request itself says how to look: what it deletes is there, or it is not.
// That PUT may be repeated by the letter of the protocol is no ground to do so
// unasked: somebody may have changed the thing meanwhile.
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
	Header    string            // in which the token is sent as it is; "" is Authorization
	Transport http.RoundTripper // how it is reached; http.DefaultTransport without one
	Timeout   time.Duration     // for one exchange; 0 is no limit
}

// family is the receiver of all steps.
type family struct{ services map[string]Service }

// Target is where a request goes, and what of its answer is wanted.
type Target struct {
	Service string                     `json:"service,omitempty" default:"http" trusted:"true" pattern:"^[a-z][a-z0-9_-]*$" doc:"The name of the http service in the configuration: it decides the host and the credential."`
	Path    string                     `json:"path" doc:"The path below the service's url, percent-encoded as it is sent: a part that comes from outside is to be encoded, so that its slashes do not split the path. Without a query."`
	Query   map[string]json.RawMessage `json:"query,omitempty" doc:"The query: texts, numbers, booleans, and lists of them for a name that is sent several times."`
	Headers map[string]string          `json:"headers,omitempty" doc:"Headers to send. The service adds the credential itself: none of these headers can be one."`
	Expect  []int                      `json:"expect,omitempty" doc:"The status codes that are an answer; without it, 200 to 299. Every other is a failure."`
	MaxBody int                        `json:"max_body,omitempty" default:"1048576" minimum:"1" maximum:"10485760" doc:"How many bytes of the answer's body are read."`
}

// RequestIn are the arguments of http_request.
type RequestIn struct {
	Target
	Method string           `json:"method" enum:"POST,PUT,PATCH,DELETE" doc:"The method."`
	JSON   *json.RawMessage `json:"json" doc:"What to send, as JSON. Give either this or body, or neither."`
	Body   *string          `json:"body" doc:"What to send, as text; say what it is with the header content-type."`
	Find   *Finder          `json:"find" doc:"How to look whether the effect is there already. It is asked before the request is sent, and again when its answer was lost. When the effect is there, nothing is sent, and the result is the answer to this. Without it the run parks after a lost answer, until a person resolves it, but for a DELETE, where the path itself is asked."`
}

// Finder is a GET that tells whether an effect is there: 404 and 410 say that
// nothing is found, 200 to 299 that something is, and everything else fails.
type Finder struct {
	Path    string                     `json:"path" doc:"The path below the service's url."`
	Query   map[string]json.RawMessage `json:"query,omitempty" doc:"The query."`
	Pointer *string                    `json:"pointer" doc:"A JSON pointer (RFC 6901) into the answer, such as /items/0/name: it is found when what stands there equals equals."`
	Equals  *json.RawMessage           `json:"equals" doc:"What the pointer has to lead to."`
	Gone    bool                       `json:"gone,omitempty" doc:"true turns it round: the effect is that nothing is found any more."`
}

// Out is the answer to a request.
type Out struct {
	Status    int               `json:"status" doc:"The status code."`
	Headers   map[string]string `json:"headers" doc:"The headers by their name in lower case, several of one name with commas between; without cookies."`
	Body      string            `json:"body" doc:"The body as text; what is not UTF-8 is replaced."`
	JSON      *any              `json:"json,omitempty" doc:"The body's value, when the answer says that it is JSON. A number that does not fit, an integer beyond 64 bits or one like 1e400, is the text of it. Absent for a write whose answer is not JSON after all: its status says what happened, and body has the text."`
	Truncated bool              `json:"truncated" doc:"Whether the body of a write's answer was longer than was read, or broke off; a read fails then."`
}
