#include "tests/sim/scripted_outcome.hpp"

#include "base/expect.hpp"
#include "probes/http_judgement.hpp"
#include "probes/icmp.hpp"
#include "probes/snmp_reply.hpp"

namespace muster::test {
namespace {

constexpr unsigned long wrong_digests = 5;  // usmStatsWrongDigests, RFC 3414 §5

probes::Outcome ping(const agent::ScheduledProbe& probe, Device device, Duration took) {
    probes::PingReport report;
    report.round_trips.emplace_back();
    if (device == Device::answers) {
        report.round_trips.front() = took;
    }
    return probes::icmp_outcome(report, probe.host, probe.timeout);
}

probes::Outcome snmp(const agent::ScheduledProbe& probe, Device device, Duration took) {
    const std::string object = probe.params.at("oids");
    probes::SnmpReply reply;
    reply.took = took;
    reply.sent = 1;
    if (device == Device::answers) {
        reply.end = probes::SnmpEnd::answered;
        reply.variables.push_back({*probes::parse_oid(object), probes::SnmpPresence::present, 4711}
        );
    } else if (probe.params.at("version") == "3") {
        reply.end = probes::SnmpEnd::reported;
        reply.report = wrong_digests;
    } else {
        reply.end = probes::SnmpEnd::timed_out;
        reply.sent = 3;
    }
    return probes::judge_snmp(
        reply, {probe.host + ":" + probe.params.at("port"), {object}, probe.timeout}
    );
}

probes::Outcome http(const agent::ScheduledProbe& probe, Device device, Duration took) {
    probes::HttpMeasurement measured;
    measured.connected = measured.sent = measured.first_byte = took / 2;
    measured.ended = took;
    measured.status = device == Device::answers ? 200 : 503;
    measured.body = device == Device::answers ? "all is well" : "try again later";
    measured.size = static_cast<std::int64_t>(measured.body.size());
    return probes::judge_http(measured, {probe.host, {}, probe.params, {}, probe.timeout, {}});
}

}  // namespace

probes::Outcome scripted_outcome(const agent::ScheduledProbe& probe, Device device, Duration took) {
    if (probe.type == "icmp") {
        return ping(probe, device, took);
    }
    if (probe.type == "snmp") {
        return snmp(probe, device, took);
    }
    expect(probe.type == "http", "the script knows icmp, snmp and http");
    return http(probe, device, took);
}

}  // namespace muster::test
