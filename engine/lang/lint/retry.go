package lint

import (
	"github.com/skillrun/skillrun/engine/diag"
	"github.com/skillrun/skillrun/engine/program"
	"github.com/skillrun/skillrun/engine/types"
)

// hopeless are the codes with which the same call fails again, and what to do about
// each. What comes in time, such as not_found, is not among them.
var hopeless = map[types.Code]string{
	types.Auth:      "correct the credential, or renew it in before",
	types.Forbidden: "somebody has to grant the right: leave the code out",
	types.BadInput:  "correct the arguments: leave the code out",
	types.Conflict:  "look at what is there and decide, or put it right in before",
}

// hopelessRetries finds retries of what fails again. A cure, or a condition of its own,
// says that the author knows better.
func hopelessRetries(f *File, out *diag.List) {
	program.EachOwn(f.Steps, func(n *program.Node) {
		if n.Retry == nil || len(n.Retry.On) == 0 || len(n.Retry.Before) > 0 || n.Retry.If != "" {
			return
		}
		for _, item := range f.step(n).Node.Get("retry").Get("on").Items {
			if hint, ok := hopeless[types.Code(item.Value)]; ok {
				out.Warnf("hopeless-retry", item.Range, "%s is not cured by trying again", item.Value).Hint = hint
			}
		}
	})
}
