package examples_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/skillrun/skillrun/engine"
	"github.com/skillrun/skillrun/engine/config"
	"github.com/skillrun/skillrun/engine/runtime/journal"
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
	"github.com/skillrun/skillrun/steps"
)

// withKubectl is a catalogue whose programs find a kubectl that is this shell script, and
// next to it a kube-login that does its work.
func withKubectl(t *testing.T, script string) *step.Catalogue {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{"kubectl": script, "kube-login": "exit 0"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"+text+"\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	cfg, diags := config.Load(config.Options{ReadFile: os.ReadFile, Kinds: steps.Kinds(), Env: func(name string) (string, bool) {
		if name == "PATH" {
			return dir + ":/usr/bin:/bin", true
		}
		return "", false
	}})
	if len(diags) > 0 {
		t.Fatal(diags)
	}
	cat, err := steps.All(cfg, steps.Options{Cache: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	return cat
}

// says is a script that fails with this text.
func says(text string) string { return "cat >&2 <<'END'\n" + text + "\nEND\nexit 1" }

// ended is how a step type of rewritten/steps ends.
func (w performance) ended(t *testing.T, cat *step.Catalogue) engine.Outcome {
	t.Helper()
	s := scene{dir: t.TempDir()}
	o, err := s.perform(t, cat, w.program(t, cat), &killed{Memory: journal.NewMemory()})
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// failsWith holds the error code of a step type, when kubectl is this script.
func (w performance) failsWith(t *testing.T, script, said string, want types.Code) {
	t.Helper()
	if o := w.ended(t, withKubectl(t, script)); o.Failure == nil || o.Failure.Error.Code != want {
		t.Errorf("kubectl says %s: %s %+v, want %s", said, o.State, o.Failure, want)
	}
}

// TestKubectlReads: what kubectl 1.32 says when it could not read gets the error code that
// it is about.
func TestKubectlReads(t *testing.T) {
	t.Parallel()
	said := map[string]types.Code{
		"error: You must be logged in to the server (Unauthorized)":                                                   types.Auth,
		"error: You must be logged in to the server (the server has asked for the client to provide credentials)":     types.Auth,
		"Please enter Username: error: EOF":                                                                           types.Auth,
		"Unable to connect to the server: getting credentials: exec: executable kubelogin failed with exit code 1":    types.Auth,
		`Error from server (Forbidden): pods is forbidden: User "ada" cannot list resource "pods" in API group ""`:    types.Forbidden,
		"The connection to the server 10.0.0.1:6443 was refused - did you specify the right host or port?":            types.Network,
		"Unable to connect to the server: EOF":                                                                        types.Network,
		"Unable to connect to the server: dial tcp: lookup k8s.example.com: no such host":                             types.Network,
		"Error from server (ServiceUnavailable): the server is currently unable to handle the request":                types.Unavailable,
		"Error from server (InternalError): Internal error occurred: etcdserver: leader changed":                      types.Unavailable,
		"Error from server (TooManyRequests): too many requests":                                                      types.Unavailable,
		`error: context "stage" does not exist`:                                                                       "exit_code",
		"E0115 10:00:00.1 9 memcache.go:265] couldn't get\nerror: You must be logged in to the server (Unauthorized)": types.Auth,
	}
	of := types.Values{"cluster": "stage", "namespace": "shop", "deployment": "api"}
	named := types.Values{"cluster": "stage", "namespace": "shop", "name": "api"}
	for _, w := range []performance{
		{name: "k8s_deployment_get", inputs: named}, {name: "k8s_autoscaler_get", inputs: of},
		{name: "k8s_pod_list", inputs: of}, {name: "k8s_login", inputs: types.Values{"cluster": "stage"}},
	} {
		t.Run(w.name, func(t *testing.T) {
			t.Parallel()
			for text, code := range said {
				w.failsWith(t, says(text), text, code)
			}
			if _, has := w.inputs["namespace"]; has && w.name != "k8s_autoscaler_get" {
				w.failsWith(t, says(`Error from server (NotFound): deployments.apps "api" not found`), "not found", types.NotFound)
			}
		})
	}
	pods := says(`Error from server (Forbidden): pods is forbidden: User "ada" cannot list resource "pods"`)
	scale := `[ "$2" = pods ] || { echo '{"status": {"selector": "app=api"}}'; exit; }` + "\n"
	performance{name: "k8s_pod_list", inputs: of}.failsWith(t, scale+pods, "pods is forbidden", types.Forbidden)
}

var scaling = performance{name: "k8s_deployment_scale", inputs: types.Values{"cluster": "stage", "namespace": "shop", "name": "api", "replicas": 4, "expect": 2}}

// looked is what kubectl wait says of a deployment that has other replicas.
const looked = `[ "$1" = wait ] && { echo 'error: condition not met for deployments/api' >&2; exit 1; }` + "\n"

// TestKubectlWrites: the same of a write, which is surely not done where there is a code.
func TestKubectlWrites(t *testing.T) {
	t.Parallel()
	for text, code := range map[string]types.Code{
		`error: no objects passed to scale deployments.apps "api" not found`:                                                                           types.NotFound,
		`error: no objects passed to scale Get "https://10.0.0.1:6443/api": getting credentials: exec: executable kubelogin failed`:                    types.Auth,
		`error: no objects passed to scale deployments.apps "api" is forbidden: User "ada" cannot get resource "deployments"`:                          types.Forbidden,
		`Error from server (Forbidden): deployments.apps "api" is forbidden: User "ada" cannot patch resource "deployments/scale" in API group "apps"`: types.Forbidden,
		"error: Expected replicas to be 2, was 3": types.Conflict,
		`error: no objects passed to scale Get "https://10.0.0.1:6443/api": dial tcp 10.0.0.1:6443: connect: connection refused`: types.Network,
		"error: no objects passed to scale the server is currently unable to handle the request":                                 types.Network,
	} {
		scaling.failsWith(t, looked+says(text), text, code)
	}
	for text, code := range map[string]types.Code{ // before anything is written
		"error: You must be logged in to the server (Unauthorized)":                               types.Auth,
		"Unable to connect to the server: EOF":                                                    types.Network,
		"Error from server (ServiceUnavailable): the server is currently unable to handle it":     types.Unavailable,
		`Error from server (Forbidden): deployments.apps is forbidden: User "ada" cannot list it`: types.Forbidden,
	} {
		scaling.failsWith(t, says(text), text, code)
	}
}

// scaled is a kubectl with a deployment, whose replicas stand in a file of dir, and what
// it was scaled to in another. With a third one, dead, it reaches nothing any more.
func scaled(dir, then string) string {
	return strings.NewReplacer("DIR", dir, "THEN", then).Replace(`cd DIR
[ -e dead ] && exit 1
if [ "$1" = wait ]; then
  [ "$5" = "--for=jsonpath={.spec.replicas}=$(cat replicas)" ] && exit
  echo 'error: condition not met for deployments/api' >&2
  exit 1
fi
[ "${5#--current-replicas=}" = "$(cat replicas)" ] || { echo "error: Expected replicas to be 1, was 2" >&2; exit 1; }
echo "${6#--replicas=}" >>log
echo "${6#--replicas=}" >replicas
THEN`)
}

// TestKubectlScalesOnce: a deployment is scaled once, also when kubectl does not hear what
// became of it, and not at all when it has so many replicas already.
func TestKubectlScalesOnce(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ before, then, want string }{
		"answered": {"2", "echo 'deployment.apps/api scaled'", "4\n"},
		"lost":     {"2", says("Unable to connect to the server: EOF"), "4\n"},
		"scaled":   {"4", "exit 1", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := deployed(t, c.before)
			o := scaling.ended(t, withKubectl(t, scaled(dir, c.then)))
			if o.State != engine.Done {
				t.Fatalf("%s %+v", o.State, o.Failure)
			}
			if d := cmp.Diff(c.want, log(t, dir)); d != "" {
				t.Error(d)
			}
		})
	}
}

// TestKubectlKilled kills the run after each record of its journal, before and after kubectl
// is asked: the deployment is scaled once.
func TestKubectlKilled(t *testing.T) {
	t.Parallel()
	for _, sent := range []bool{false, true} {
		for n, died := 1, true; died; n++ {
			if died = scaling.killedAfter(t, n, sent); !died && n < 4 {
				t.Errorf("the run has %d records only", n)
			}
		}
	}
}

func (w performance) killedAfter(t *testing.T, n int, sent bool) (died bool) {
	t.Helper()
	dir := deployed(t, "2")
	cat, s, dead := withKubectl(t, scaled(dir, "")), scene{dir: t.TempDir()}, filepath.Join(dir, "dead")
	j := &killed{Memory: journal.NewMemory(), after: n, dies: func() {
		if !sent {
			write(t, dead, "")
		}
	}}
	o, err := s.perform(t, cat, w.program(t, cat), j)
	if died = errors.Is(err, errKilled); died {
		_ = os.Remove(dead) // there is none where kubectl was still to be asked
		o, err = s.perform(t, cat, w.program(t, cat), &killed{Memory: j.Reopen()})
	}
	if made := log(t, dir); err != nil || o.State != engine.Done || made != "4\n" {
		t.Errorf("killed after record %d, sent %t: %s %+v %v; it was scaled to %q", n, sent, o.State, o.Failure, err, made)
	}
	return died
}

// TestKubectlScalesBack: the undo sets what was set before, and not over what somebody
// else has set since.
func TestKubectlScalesBack(t *testing.T) {
	t.Parallel()
	for then, want := range map[string]string{"": "4\n2\n", "echo 7 >replicas": "4\n"} {
		dir := deployed(t, "2")
		undone(t, withKubectl(t, scaled(dir, then)), "uses: k8s_deployment_scale, with: {cluster: stage, namespace: shop, name: api, replicas: 4, expect: 2}")
		if d := cmp.Diff(want, log(t, dir)); d != "" {
			t.Errorf("then %q:\n%s", then, d)
		}
	}
}

// deployed is a folder of a deployment with so many replicas.
func deployed(t *testing.T, replicas string) string {
	t.Helper()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "replicas"), replicas)
	return dir
}

// log is what the deployment was scaled to; "" when it was not.
func log(t *testing.T, dir string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "log"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	return string(text)
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
