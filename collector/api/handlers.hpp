// Owns: the names of the handlers, for the table. Leaves to <resource>_routes.cpp: what they do.
#pragma once

#include "collector/api/routes.hpp"

namespace muster::collector {

Task<HttpResponse> healthz(Call call);
Task<HttpResponse> readyz(Call call);
Task<HttpResponse> metrics(Call call);
Task<HttpResponse> follow_events(Call call);

Task<HttpResponse> list_incidents(Call call);
Task<HttpResponse> show_incident(Call call);
Task<HttpResponse> incident_timeline(Call call);
Task<HttpResponse> incident_why(Call call);
Task<HttpResponse> acknowledge_incident(Call call);
Task<HttpResponse> comment_incident(Call call);
Task<HttpResponse> resolve_incident(Call call);
Task<HttpResponse> create_incident(Call call);
Task<HttpResponse> change_incidents(Call call);
Task<HttpResponse> edit_incident(Call call);
Task<HttpResponse> assign_incident(Call call);
Task<HttpResponse> take_incident(Call call);
Task<HttpResponse> let_incident_wait(Call call);
Task<HttpResponse> resume_incident(Call call);
Task<HttpResponse> link_incident(Call call);
Task<HttpResponse> reopen_incident(Call call);
Task<HttpResponse> cancel_incident(Call call);
Task<HttpResponse> close_incident(Call call);

Task<HttpResponse> list_windows(Call call);
Task<HttpResponse> create_window(Call call);
Task<HttpResponse> show_window(Call call);
Task<HttpResponse> cancel_window(Call call);

Task<HttpResponse> list_cis(Call call);
Task<HttpResponse> show_ci(Call call);
Task<HttpResponse> ci_probes(Call call);
Task<HttpResponse> ci_incidents(Call call);
Task<HttpResponse> ci_why(Call call);
Task<HttpResponse> ci_availability(Call call);
Task<HttpResponse> probe_availability(Call call);
Task<HttpResponse> explain_probe(Call call);
Task<HttpResponse> ci_relations(Call call);
Task<HttpResponse> ci_history(Call call);
Task<HttpResponse> create_ci(Call call);
Task<HttpResponse> edit_ci(Call call);
Task<HttpResponse> retire_ci(Call call);
Task<HttpResponse> merge_cis(Call call);
Task<HttpResponse> unmerge_ci(Call call);
Task<HttpResponse> split_ci(Call call);
Task<HttpResponse> tell_cis_apart(Call call);
Task<HttpResponse> reclassify_ci(Call call);
Task<HttpResponse> submit_observations(Call call);
Task<HttpResponse> list_relations(Call call);
Task<HttpResponse> create_relation(Call call);
Task<HttpResponse> delete_relation(Call call);
Task<HttpResponse> find_by_value(Call call);
Task<HttpResponse> list_duplicates(Call call);
Task<HttpResponse> list_classes(Call call);

Task<HttpResponse> list_receipts(Call call);

Task<HttpResponse> list_probes(Call call);
Task<HttpResponse> show_probe(Call call);
Task<HttpResponse> probe_results(Call call);

Task<HttpResponse> list_agents(Call call);
Task<HttpResponse> show_agent(Call call);
Task<HttpResponse> revoke_agent(Call call);

Task<HttpResponse> list_policies(Call call);
Task<HttpResponse> show_policy(Call call);
Task<HttpResponse> put_policy(Call call);
Task<HttpResponse> delete_policy(Call call);
Task<HttpResponse> list_thresholds(Call call);
Task<HttpResponse> show_threshold(Call call);
Task<HttpResponse> put_threshold(Call call);
Task<HttpResponse> delete_threshold(Call call);
Task<HttpResponse> list_targets(Call call);
Task<HttpResponse> show_target(Call call);
Task<HttpResponse> put_target(Call call);
Task<HttpResponse> delete_target(Call call);
Task<HttpResponse> list_applied(Call call);
Task<HttpResponse> apply_texts(Call call);
Task<HttpResponse> list_channels(Call call);
Task<HttpResponse> show_channel(Call call);
Task<HttpResponse> put_channel(Call call);
Task<HttpResponse> delete_channel(Call call);
Task<HttpResponse> test_channel(Call call);

Task<HttpResponse> list_backups(Call call);
Task<HttpResponse> show_backup(Call call);
Task<HttpResponse> begin_backup(Call call);
Task<HttpResponse> list_quarantine(Call call);
Task<HttpResponse> show_quarantined(Call call);

Task<HttpResponse> list_join_tokens(Call call);
Task<HttpResponse> create_join_token(Call call);
Task<HttpResponse> revoke_join_token(Call call);
Task<HttpResponse> enrol_agent(Call call);
Task<HttpResponse> recover_agent(Call call);

Task<HttpResponse> open_session(Call call);
Task<HttpResponse> show_session(Call call);
Task<HttpResponse> close_session(Call call);

Task<HttpResponse> list_users(Call call);
Task<HttpResponse> show_user(Call call);
Task<HttpResponse> create_user(Call call);
Task<HttpResponse> change_user(Call call);
Task<HttpResponse> delete_user(Call call);
Task<HttpResponse> set_password(Call call);

Task<HttpResponse> list_tokens(Call call);
Task<HttpResponse> create_token(Call call);
Task<HttpResponse> revoke_token(Call call);

Task<HttpResponse> list_audit(Call call);
Task<HttpResponse> verify_audit(Call call);

}  // namespace muster::collector
