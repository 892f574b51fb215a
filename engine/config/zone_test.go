package config_test

import (
	"testing"

	"github.com/skillrun/skillrun/engine/config"
)

// TestMachineZone: the machine's time zone has a name, by which a run keeps it.
func TestMachineZone(t *testing.T) {
	t.Parallel()
	for tz, want := range map[string]string{
		"Europe/Dublin": "Europe/Dublin", ":Europe/Dublin": "Europe/Dublin", "/usr/share/zoneinfo/Europe/Dublin": "Europe/Dublin",
		"": "UTC", "Mars/Base": "Local",
	} {
		for _, files := range []map[string]string{nil, {"/w/skillrun.yaml": "site: x\n"}} {
			if cfg, _ := config.Load(newMachine(files, map[string]string{"TZ": tz}).options()); cfg.Zone.String() != want {
				t.Errorf("TZ=%s: %s, want %s", tz, cfg.Zone, want)
			}
		}
		files := map[string]string{"/w/skillrun.yaml": "timezone: Asia/Tokyo\n"}
		if cfg, _ := config.Load(newMachine(files, map[string]string{"TZ": tz}).options()); cfg.Zone.String() != "Asia/Tokyo" {
			t.Errorf("TZ=%s: %s although the file says another", tz, cfg.Zone)
		}
	}
}
