package sandbox

import (
	"encoding/json"
	"errors"
	"io/fs"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/skillrun/skillrun/steps/httpapi/httpapitest"
)

// Authored is what a team adds to the world: services that speak JSON over HTTP, files,
// and values of the configuration.
type Authored struct {
	Services map[string]httpapitest.API // by name; their tokens are the world's
	Files    map[string]string          // of the service files, by path; written when they are not there
	Config   map[string]any
}

const (
	apisName  = "apis.json"
	filesName = "files" // the folder of the service files
)

// names are those of the authored services, in order.
func (a Authored) names() []string { return slices.Sorted(maps.Keys(a.Services)) }

// buildAuthored makes the authored services, as they were left.
func (w *World) buildAuthored() error {
	w.apis = map[string]*httpapitest.Server{}
	for name, api := range w.o.Authored.Services {
		api.Token = w.tokens[name]
		w.apis[name] = httpapitest.New(api)
	}
	data, err := w.o.read(apisName)
	if errors.Is(err, fs.ErrNotExist) {
		return w.writeFiles()
	}
	var kept map[string]json.RawMessage
	if err == nil {
		err = json.Unmarshal(data, &kept)
	}
	for name, state := range kept {
		if s := w.apis[name]; s != nil && err == nil {
			err = s.Restore(state)
		}
	}
	return errors.Join(err, w.writeFiles())
}

// writeFiles writes the authored files that are not there.
func (w *World) writeFiles() error {
	for _, path := range slices.Sorted(maps.Keys(w.o.Authored.Files)) {
		at := filepath.Join(w.o.Dir, filesName, filepath.FromSlash(path))
		if _, err := os.Stat(at); err == nil {
			continue
		}
		if err := os.MkdirAll(filepath.Dir(at), 0o700); err != nil {
			return err
		}
		if err := os.WriteFile(at, []byte(w.o.Authored.Files[path]), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// apiStates is what the authored services hold, for their next process.
func (w *World) apiStates() ([]byte, error) {
	out := map[string]json.RawMessage{}
	for name, s := range w.apis {
		data, err := s.Snapshot()
		if err != nil {
			return nil, err
		}
		out[name] = data
	}
	return json.Marshal(out)
}

// authored serves /api/NAME/….
func (w *World) authored() http.Handler {
	mounted := map[string]http.Handler{}
	for name, s := range w.apis {
		mounted[name] = http.StripPrefix("/api/"+name, w.recorded(name, s))
	}
	return http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		name, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/api/"), "/")
		if h, ok := mounted[name]; ok {
			h.ServeHTTP(out, r)
			return
		}
		http.NotFound(out, r)
	})
}

// withAuthored adds the authored services and values to the text of a configuration;
// a value of the same name takes the place of the world's.
func (w *World) withAuthored(text, ca string) string {
	a := w.o.Authored
	services := ""
	for _, name := range a.names() {
		services += "  " + name + ": {kind: http, url: " + w.url + "/api/" + name + ", token: file:tokens/" + name + ca + "}\n"
	}
	if len(a.Files) > 0 {
		services += "  files: {root: " + filesName + "}\n"
	}
	const behind = "# It has done what"
	text = strings.Replace(text, behind, services+behind, 1)
	for _, name := range slices.Sorted(maps.Keys(a.Config)) {
		value, err := json.Marshal(a.Config[name])
		if err != nil {
			continue // it came from YAML
		}
		line := "  " + name + ": " + string(value) + "\n"
		if from := strings.Index(text, "\n  "+name+": "); from >= 0 {
			to := from + 1 + strings.Index(text[from+1:], "\n") + 1
			text = text[:from+1] + line + text[to:]
		} else {
			text += line
		}
	}
	return text
}
