package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestRecordingsAreOfNoMachine: the recordings in docs have no run's id, world,
// port or path of the machine that made them, also where the edge of the terminal
// runs through one.
func TestRecordingsAreOfNoMachine(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../../../../../docs/release*.cast")
	if err != nil || len(files) != 3 {
		t.Fatal(files, err)
	}
	control := regexp.MustCompile(`\x1b\[[0-9;?]*[A-Za-z]|[\r\n]`)
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		ids := 0
		for _, line := range strings.Split(strings.TrimSpace(string(text)), "\n")[1:] {
			var event []any
			if err := json.Unmarshal([]byte(line), &event); err != nil {
				t.Fatalf("%s: %v", file, err)
			}
			screen := control.ReplaceAllString(event[2].(string), "")
			screen = strings.ReplaceAll(screen, "journal:  | ", "journal: ") // a path that is wider than the terminal
			for pattern, only := range map[string]string{
				`\d{8}-\d{6}-[a-z0-9]{6}`: "20260115-101500-k3v9qx", `site-sandbox-[a-z2-7]{8}`: "site-sandbox-k3v9qx7m",
				`127\.0\.0\.1:\d{5}`: "127.0.0.1:18080", `journal: .`: "journal: ~",
			} {
				for _, found := range regexp.MustCompile(pattern).FindAllString(screen, -1) {
					if ids++; found != only {
						t.Errorf("%s: %s", filepath.Base(file), found)
					}
				}
			}
		}
		if ids == 0 {
			t.Errorf("%s: nothing of a run was found", file)
		}
	}
}
