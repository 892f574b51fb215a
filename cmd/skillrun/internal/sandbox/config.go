package sandbox

import "strings"

// The names of the world.
const (
	backendProject = "automation-analytics/automation-analytics-backend"
	deployProject  = "service/app-interface"
	forkProject    = "release-bot/app-interface"
	imageName      = "redhat-services-prod/aap-aa-tenant/aap-aa-main/automation-analytics-backend-main"
	deployFile     = "data/services/insights/tower-analytics/cicd/deploy-clowder.yml"
	namespaces     = "/services/insights/tower-analytics/namespaces/"

	gitUser    = "release-bot"
	gitlabUser = "release-bot"
	jiraUser   = "release-bot@example.com"
	firstIssue = 61249 // the seeded one; the first release is the next
)

// config is the skillrun.yaml that points at the world.
func (w *World) config() string {
	return strings.NewReplacer("URL", w.url).Replace(`# Written by skillrun sandbox. It points at the embedded world.
site: sandbox
timezone: UTC
services:
  git: {url: URL, user: ` + gitUser + `, token: file:tokens/git, author: "Release Bot <release-bot@example.com>"}
  gitlab: {url: URL/gitlab, token: file:tokens/gitlab}
  jira: {url: URL/jira, deployment: cloud, user: ` + jiraUser + `, token: file:tokens/jira}
  quay: {url: URL/quay, api: quay, token: file:tokens/quay}
policy: {confirm: never}
config:
  backend_repo: URL/git/` + backendProject + `.git
  quay_repository: ` + imageName + `
  app_interface_repo: URL/git/` + deployProject + `.git
  app_interface_push_repo: URL/git/` + forkProject + `.git
  deploy_file: ` + deployFile + `
  namespace_main: ` + namespaces + `tower-analytics-prod.yml
  namespace_billing: ` + namespaces + `tower-analytics-prod-billing.yml
  gitlab_project: ` + deployProject + `
  gitlab_source_project: ` + forkProject + `
  jira_project: AAP
`)
}
