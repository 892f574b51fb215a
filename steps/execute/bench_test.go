package execute_test

import (
	"os"
	"testing"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
	"github.com/skillrun/skillrun/steps/execute"
)

// BenchmarkExec is a program that does nothing, alone and with a supervisor.
func BenchmarkExec(b *testing.B) {
	in := types.Encode(map[string]any{"program": "true"})
	for name, self := range map[string]string{"alone": "", "supervised": self} {
		s, _ := step.NewCatalogue(execute.Steps(execute.Options{Env: os.LookupEnv, Self: self})).Lookup("exec")
		ctx := step.WithCall(b.Context(), step.Call{Key: step.Key{Work: "w", Path: "p"}, Workspaces: b.TempDir(), Programs: b.TempDir()})
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := s.Do(ctx, in); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
