package examples_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/skillrun/skillrun/engine/types"
)

// alertmanager is Alertmanager 0.25, as far as the step types of rewritten/steps ask it.
// It keeps an end in the zone in which it was written, makes another silence for each
// request, and lists those that have ended, too.
type alertmanager struct{ silences []*silence }

type silence struct {
	ID       string            `json:"id"`
	Status   map[string]string `json:"status"`
	Matchers []matcher         `json:"matchers"`
	StartsAt string            `json:"startsAt"`
	EndsAt   string            `json:"endsAt"`
	By       string            `json:"createdBy"`
	Comment  string            `json:"comment"`
}

type matcher struct {
	Name    string `json:"name"`
	Value   string `json:"value"`
	IsRegex bool   `json:"isRegex"`
	IsEqual bool   `json:"isEqual"`
}

// older is a silence that somebody else has made.
const older = "0c3c1b7e-0000-4000-8000-000000000000"

func newAlertmanager() http.Handler {
	a := &alertmanager{}
	a.add(silence{
		Matchers: []matcher{{"alertname", "HighLatency", false, true}, {"namespace", "tower", false, true}},
		EndsAt:   "2026-01-15T12:00:00.000Z", By: "bob", Comment: "Load test",
	})
	m := http.NewServeMux()
	m.HandleFunc("GET /api/v2/silences", a.list)
	m.HandleFunc("POST /api/v2/silences", a.create)
	m.HandleFunc("GET /api/v2/silence/{id}", func(w http.ResponseWriter, r *http.Request) {
		if s := a.find(r.PathValue("id")); s != nil {
			respond(w, s)
			return
		}
		w.WriteHeader(http.StatusNotFound)
	})
	m.HandleFunc("DELETE /api/v2/silence/{id}", a.expire)
	return m
}

func (a *alertmanager) add(s silence) string {
	s.ID, s.Status = fmt.Sprintf("%s%d", older[:len(older)-1], len(a.silences)), map[string]string{"state": "active"}
	a.silences = append(a.silences, &s)
	return s.ID
}

func (a *alertmanager) find(id string) *silence {
	i := slices.IndexFunc(a.silences, func(s *silence) bool { return s.ID == id })
	if i < 0 {
		return nil
	}
	return a.silences[i]
}

// list filters by matchers, such as alertname="Down"; of more than one, all have to be there.
func (a *alertmanager) list(w http.ResponseWriter, r *http.Request) {
	all := []*silence{}
	for _, s := range a.silences {
		if !slices.ContainsFunc(r.URL.Query()["filter"], func(f string) bool {
			return !slices.ContainsFunc(s.Matchers, func(m matcher) bool { return f == fmt.Sprintf("%s=%q", m.Name, m.Value) })
		}) {
			all = append(all, s)
		}
	}
	respond(w, all)
}

func (a *alertmanager) create(w http.ResponseWriter, r *http.Request) {
	var s silence
	d := json.NewDecoder(r.Body)
	d.DisallowUnknownFields()
	if d.Decode(&s) != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	ends, err := time.Parse(time.RFC3339, s.EndsAt)
	if err != nil || !ends.After(began) {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	s.EndsAt = ends.Format("2006-01-02T15:04:05.000Z07:00")
	respond(w, map[string]string{"silenceID": a.add(s)})
}

func (a *alertmanager) expire(w http.ResponseWriter, r *http.Request) {
	s := a.find(r.PathValue("id"))
	if s == nil {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusInternalServerError)
		fmt.Fprint(w, `"silence not found"`)
		return
	}
	s.Status["state"], s.EndsAt = "expired", began.Format("2006-01-02T15:04:05.000Z")
}

// TestSilences reads what Alertmanager has, and makes one more beside one that differs
// only in its namespace.
func TestSilences(t *testing.T) {
	t.Parallel()
	services := newServices(t)
	of := types.Values{"cluster": "production", "alert": "HighLatency", "namespace": "shop", "ends_at": "2026-01-15T13:00:00+01:00", "comment": "Load test"}
	for range 2 { // the second finds what the first has made
		performance{name: "alertmanager_silence_create", inputs: of}.once(t, services, types.Values{"id": older[:35] + "1", "ends_at": "2026-01-15T12:00:00Z"})
	}
	one := func(id, namespace, by string) any {
		return types.Values{"id": id, "alert": "HighLatency", "namespace": namespace, "exact": true, "ends_at": "2026-01-15T12:00:00Z", "created_by": by, "comment": "Load test"}
	}
	performance{name: "alertmanager_silence_list", inputs: types.Values{"cluster": "production"}}.once(t, services, types.Values{
		"silences": []any{one(older, "tower", "bob"), one(older[:35]+"1", "shop", "skillrun")},
	})
	if d := cmp.Diff([]string{"POST /api/v2/silences"}, services.writes); d != "" {
		t.Error(d)
	}
}

// TestNoSuchSilence: Alertmanager has no status of its own for it.
func TestNoSuchSilence(t *testing.T) {
	t.Parallel()
	w := performance{name: "alertmanager_silence_expire", inputs: types.Values{"cluster": "stage", "id": strings.Repeat("0", 36)}}
	if o := w.ended(t, newServices(t).catalogue(t)); o.Failure == nil || o.Failure.Error.Code != types.NotFound {
		t.Errorf("%s %+v", o.State, o.Failure)
	}
}

// once performs the step type in these services, whatever was done there before.
func (w performance) once(t *testing.T, services *services, want types.Values) {
	t.Helper()
	o := w.ended(t, services.catalogue(t))
	if d := cmp.Diff(string(types.Encode(want)), string(types.Encode(o.Outputs))); d != "" {
		t.Errorf("%s %+v (-want +got):\n%s", o.State, o.Failure, d)
	}
}
