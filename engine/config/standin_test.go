package config_test

import (
	"testing"

	"github.com/skillrun/skillrun/engine/config"
	"github.com/skillrun/skillrun/engine/diag/diagtest"
)

func TestStandIns(t *testing.T) {
	t.Parallel()
	got, _ := config.ParseStandIns("sandbox.yaml", []byte(diagtest.Cases(t, "testdata/sandbox.yaml")[0].Text), nil)
	status := got.Services["status"]
	if len(status.Collections) != 2 || len(status.Responses) != 2 || status.Responses[1].Headers["Retry-After"] != "3" || got.Config["limit"] != 3 || got.Files["notes/a.md"] != "text" {
		t.Errorf("%+v", got)
	}
}
