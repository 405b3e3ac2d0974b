#include "wire/finished_stream.hpp"

#include "wire/bounds.hpp"

namespace muster::wire {

proto::FinishedStream to_proto(const FinishedStream& stream) {
    proto::FinishedStream said;
    said.set_spool_id(std::string(stream.spool.raw()));
    said.set_begins_at(stream.begins_at);
    said.set_results_at_begin(stream.results_at_begin);
    said.set_last_seq(stream.last_seq);
    said.set_results(stream.results);
    said.set_from_ns(to_ns(stream.from));
    said.set_to_ns(to_ns(stream.to));
    said.set_earlier_streams(stream.earlier_streams);
    said.set_earlier_results(stream.earlier_results);
    return said;
}

Result<FinishedStream> from_proto(const proto::FinishedStream& said) {
    const Result<Uuid> id = Uuid::from_bytes(said.spool_id());
    if (!id || id->is_nil()) {
        return failure(ErrorKind::corrupt, "a finished spool without an id of 16 bytes");
    }
    const bool is_possible =
        said.begins_at() >= 1 && said.begins_at() <= said.last_seq() && said.last_seq() < seq_end &&
        said.results_at_begin() <= said.results() && said.results() < seq_end &&
        said.earlier_streams() < seq_end && said.earlier_results() < seq_end;
    if (!is_possible || !is_possible_wall(said.from_ns()) || !is_possible_wall(said.to_ns())) {
        return failure(ErrorKind::corrupt, "a finished spool with impossible numbers or times");
    }
    return FinishedStream{
        .spool = SpoolId(*id),
        .begins_at = said.begins_at(),
        .results_at_begin = said.results_at_begin(),
        .last_seq = said.last_seq(),
        .results = said.results(),
        .from = wall_from_ns(said.from_ns()),
        .to = wall_from_ns(said.to_ns()),
        .earlier_streams = said.earlier_streams(),
        .earlier_results = said.earlier_results()
    };
}

}  // namespace muster::wire
