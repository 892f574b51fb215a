package local

import (
	"cmp"
	"context"
	"encoding/json"

	"github.com/skillrun/skillrun/engine/runtime/journal"
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// target is the service that a write goes to, and the host: what the step says of
// its arguments, else where the service is. Both are "" of a write that stays on
// this machine.
func (r *runner) target(ctx context.Context, s step.Step, rec journal.Record) (service, host string) {
	var in types.Values
	if json.Unmarshal(rec.Input, &in) != nil {
		return s.Touch.Service, "" // whoever performs it says what is wrong with them
	}
	u := step.Use{Node: rec.Path, Step: s.Name, Args: in}
	service = cmp.Or(u.Text("service"), s.Touch.Service)
	for _, p := range s.Reach(step.WithCall(ctx, r.callOf(s, rec)), u).Changes {
		host = cmp.Or(host, p.Host)
	}
	if host == "" && service != "" && r.Hosts != nil {
		host = r.Hosts(service)
	}
	return service, host
}
