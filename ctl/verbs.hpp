// Owns: the list of verb groups; each has a file of its own. Leaves to program.hpp: the program around them.
#pragma once

#include "ctl/session.hpp"

namespace muster::ctl {

// Each adds its verbs to `app`; a verb that is called sets `session.action`. The session outlives the app.

/// `muster status`: what matters now, in one look
void add_status_verb(CLI::App& app, Session& session);
/// `muster incident list|show|why` and those below
void add_incident_verbs(CLI::App& app, Session& session);
/// `muster incident create|edit|ack|assign|take|pending|resume|resolve|reopen|cancel|close|comment|link`; the group's own
void add_incident_work_verbs(CLI::App& group, Session& session);
/// `muster window start|create|list|show|cancel`
void add_window_verbs(CLI::App& app, Session& session);
/// Why an incident was opened and who was told; the exit code.
int why_incident(Session& session, const std::string& incident);
/// `muster why INCIDENT|CI`, `muster receipts`
void add_why_verbs(CLI::App& app, Session& session);
/// `muster ci …`, `muster site|service|team list|show`, `muster probes [CI]`, `muster find TEXT`
void add_ci_verbs(CLI::App& app, Session& session);
/// `muster ci history|diff|duplicates` into the group, `muster find` into the program
void add_ci_history_verbs(CLI::App& group, CLI::App& app, Session& session);
/// `muster ci create|edit|retire|merge|unmerge|split|not-same|reclassify` into the group
void add_ci_change_verbs(CLI::App& group, Session& session);
/// `muster relation list|create|delete`
void add_relation_verbs(CLI::App& app, Session& session);
/// `muster class list|show|relations`
void add_class_verbs(CLI::App& app, Session& session);
/// `not_found`, with what was perhaps meant, for a class that the collector does not know.
Status check_class(const ApiClient& client, const std::string& name);
/// `muster events [--follow]`
void add_event_verbs(CLI::App& app, Session& session);
/// `muster channel list|show|test|create|edit|delete`
void add_channel_verbs(CLI::App& app, Session& session);
/// Says on stderr when nobody would be told of an incident; silent where that cannot be found out.
void warn_if_nobody_is_told(Session& session, const ApiClient& client);
/// `muster agent list|show|revoke`
void add_agent_verbs(CLI::App& app, Session& session);
/// `muster probe icmp|snmp|http … TARGET`; exit codes as a Nagios plugin
void add_probe_verbs(CLI::App& app, Session& session);
/// `muster apply -f FILE|DIR`, `muster policy list|show|test|explain|create|edit|delete`
void add_policy_verbs(CLI::App& app, Session& session);
/// `create`, `edit` and `delete` of one object of what to watch; `list` is its path: "policies"
void add_declared_verbs(CLI::App& parent, Session& session, const std::string& list);
/// `muster target list|show|create|edit|delete`
void add_target_verbs(CLI::App& app, Session& session);
/// `muster threshold list|show|create|edit|delete`
void add_threshold_verbs(CLI::App& app, Session& session);
/// `muster policy explain CI PROBE [METRIC]`, below the subcommand `policy`
void add_explain_verb(CLI::App& policies, Session& session);
/// `muster availability CI --from T --to T`
void add_availability_verb(CLI::App& app, Session& session);
/// `muster config check FILE`, `muster config schema agent|collector|watch|cli`
void add_config_verbs(CLI::App& app, Session& session);
/// `muster login|logout`, `muster version`
void add_login_verbs(CLI::App& app, Session& session);
/// `muster user list|create|edit|delete|password`
void add_user_verbs(CLI::App& app, Session& session);
/// `muster token list|create|revoke`, for API tokens and, with --agent, join tokens
void add_token_verbs(CLI::App& app, Session& session);
/// `muster completion bash|zsh|fish`
void add_completion_verbs(CLI::App& app, Session& session);
/// `muster audit list|verify`
void add_audit_verbs(CLI::App& app, Session& session);
/// `muster backup`, `muster backup list`
void add_backup_verbs(CLI::App& app, Session& session);
/// `muster quarantine list|show`
void add_quarantine_verbs(CLI::App& app, Session& session);

}  // namespace muster::ctl
