package sandbox

import (
	"crypto/rand"
	"errors"
	"io/fs"
	"path/filepath"
	"strings"
)

// config is the skillrun.yaml that points at the world.
func (w *World) config() string {
	ca, user := "", ""
	if w.mode.TLS {
		ca = ", ca: ca.pem"
	}
	if w.mode.Deployment == cloud {
		user = ", user: " + jiraUser
	}
	return w.withAuthored(strings.NewReplacer("SITE", w.site, "URL", w.url, "CA", ca, "DEPLOYMENT", w.mode.Deployment, "USER", user, "REGISTRY", w.registry()).Replace(`# Written by skillrun sandbox. It points at the embedded world. What you add or
# change stays when the sandbox is opened again.
site: SITE
timezone: UTC
services:
  git: {url: URL, user: `+gitUser+`, token: file:tokens/git, author: "Release Bot <release-bot@example.com>"CA}
  gitlab: {url: URL/gitlab, token: file:tokens/gitlabCA}
  jira: {url: URL/jira, deployment: DEPLOYMENTUSER, token: file:tokens/jiraCA}
  quay: {REGISTRY, token: file:tokens/quayCA}
  slack: {url: URL/slack, token: file:tokens/slackCA}
# It has done what it was asked before it answers, so nothing comes late.
policy: {confirm: never, settle: 1s}
config:
  backend_repo: URL/git/`+backendProject+`.git
  quay_repository: `+imageName+`
  app_interface_repo: URL/git/`+deployProject+`.git
  app_interface_push_repo: URL/git/`+forkProject+`.git
  deploy_file: `+deployFile+`
  namespace_main: `+namespaces+`tower-analytics-prod.yml
  namespace_billing: `+namespaces+`tower-analytics-prod-billing.yml
  gitlab_project: `+deployProject+`
  gitlab_source_project: `+forkProject+`
  jira_project: AAP
  slack_channel: `+slackChannel+`
`), ca)
}

// registry is where the registry is, and how it is asked.
func (w *World) registry() string {
	if w.mode.Registry == oci {
		return "url: " + w.url + ", api: oci, user: " + registryUser
	}
	return "url: " + w.url + "/quay, api: quay"
}

// siteOf reads the world's name as a site, and gives it one when it has none.
// Journals are kept by site, and two worlds must never share runs: not one that
// was removed and the one that took its folder, and not a copy and its original.
func siteOf(o Options) (string, error) {
	at, err := filepath.Abs(o.Dir)
	if err == nil {
		at, err = filepath.EvalSymlinks(at)
	}
	if err != nil {
		return "", err
	}
	data, err := o.read("site")
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	if site, of, _ := strings.Cut(strings.TrimSpace(string(data)), " "); site != "" && of == at {
		return site, nil
	}
	site := "sandbox-" + strings.ToLower(rand.Text()[:8])
	return site, o.write("site", []byte(site+" "+at+"\n"))
}
