package lint

import "github.com/skillrun/skillrun/engine/diag"

// absentOutputs finds outputs that may be absent, where nothing in the text says that
// this is meant. A ?. does, and so do ?? and a condition.
func absentOutputs(f *File, out *diag.List) {
	for _, o := range f.Outputs {
		if o.Absent {
			out.Warnf("absent-output", o.At, "output %s may be absent, and its text does not show it", o.Name).
				Hint = "give what it is then: ${{ x ?? 'none' }}; or write ?? nil when callers are to see that it is absent"
		}
	}
}
