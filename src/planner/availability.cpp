#include "planner/availability.hpp"

#include <algorithm>
#include <cmath>

namespace euromesh::planner {
namespace {

constexpr double seconds_per_hour = 3600;

struct Parts {
    double failure_interval_s = 0;
    double checkpoint_interval_s = 0;
    double checkpoints = 1;  // what checkpoints and failures leave
    double allocation = 1;   // what queue and start leave
    double open = 1;         // what maintenance leaves
};

double failure_interval_of(const AvailabilityInputs& in) {
    return in.mean_time_between_failures_h * seconds_per_hour * 1000 / std::max(in.accelerators, 1.0);
}

// The last checkpoint of an allocation is planned: its end is known.
double allocation_share(const AvailabilityInputs& in) {
    if (in.reserved) return 1;
    const double wall = in.wall_time_h * seconds_per_hour;
    const double useful = std::max(0.0, wall - in.restart_s - in.checkpoint_write_s);
    const double waits = in.queue_h * seconds_per_hour * (1 - std::clamp(in.chained, 0.0, 1.0));
    return wall > 0 ? useful / (wall + waits) : 0;
}

Parts parts_of(const AvailabilityInputs& in) {
    Parts parts;
    parts.failure_interval_s = failure_interval_of(in);
    parts.checkpoint_interval_s =
        in.checkpoint_interval_s > 0
            ? in.checkpoint_interval_s
            : best_checkpoint_interval_s(in.checkpoint_write_s, parts.failure_interval_s);
    parts.checkpoints = checkpoint_efficiency(parts.checkpoint_interval_s, in.checkpoint_write_s,
                                              in.restart_s, parts.failure_interval_s);
    parts.allocation = allocation_share(in);
    parts.open = 1 - std::clamp(in.maintenance_fraction, 0.0, 1.0);
    return parts;
}

}  // namespace

double best_checkpoint_interval_s(double write_s, double mean_time_between_failures_s) {
    return std::max(1.0, std::sqrt(2 * write_s * mean_time_between_failures_s));
}

double checkpoint_efficiency(double interval_s, double write_s, double restart_s,
                             double mean_time_between_failures_s) {
    const double rate = 1 / mean_time_between_failures_s;
    return interval_s * rate / (std::exp(restart_s * rate) * std::expm1((interval_s + write_s) * rate));
}

double availability_of(const AvailabilityInputs& inputs) {
    const Parts parts = parts_of(inputs);
    return parts.open * parts.allocation * parts.checkpoints;
}

namespace {

void leaf(Trace& trace, const char* id, const char* label, double value, const char* unit,
          facts::Source source, const char* note = "") {
    trace.leaf(
        {.id = id, .label = label, .value = value, .unit = unit, .source = std::move(source), .note = note});
}

facts::Source assumption(const char* reason) {
    return {.name = std::string("assumption: ") + reason, .grade = facts::Grade::c};
}

const facts::Source llama_3 = {
    "The Llama 3 Herd of Models, section 3.3.4: 466 interruptions in 54 days on "
    "16,384 GPUs",
    "https://arxiv.org/abs/2407.21783", "2024-07", facts::Grade::b};

void describe_queue(Trace& trace, const AvailabilityInputs& in) {
    leaf(trace, "availability.wall_time", "longest allocation", in.wall_time_h, "h",
         assumption("centres' documentation gives 24 to 48 h"));
    leaf(trace, "availability.queue", "wait from submission to start", in.queue_h, "h",
         assumption("users of EuroHPC systems tell of about 36 h"));
    leaf(trace, "availability.chained", "part of the wait hidden by asking early", in.chained, "1",
         assumption("policy of the run"));
    leaf(trace, "availability.restart", "from the start of a job to its first step", in.restart_s, "s",
         assumption("reading a checkpoint of a large model and starting all processes"));
    leaf(trace, "availability.checkpoint_write", "pause for one checkpoint", in.checkpoint_write_s, "s",
         assumption("training state over the file system's bandwidth"));
}

void describe_failures(Trace& trace, const AvailabilityInputs& in, const Parts& parts) {
    leaf(trace, "availability.accelerators", "accelerators of the site", in.accelerators, "1",
         assumption("the site's share, see its row in the fleet"));
    leaf(trace, "availability.mtbf_per_1000", "mean time between interruptions of 1,000 accelerators",
         in.mean_time_between_failures_h, "h", llama_3, "54 x 24 h / 466 x 16,384 / 1,000");
    trace.derive({.id = "availability.mtbf",
                  .label = "mean time between interruptions of the site",
                  .value = parts.failure_interval_s / seconds_per_hour,
                  .unit = "h",
                  .formula = "of 1,000 x 1,000 / accelerators",
                  .inputs = {"availability.mtbf_per_1000", "availability.accelerators"}});
    trace.derive({.id = "availability.checkpoint_interval",
                  .label = "time between checkpoints",
                  .value = parts.checkpoint_interval_s,
                  .unit = "s",
                  .formula = in.checkpoint_interval_s > 0 ? "as the scenario says" : "sqrt(2 x write x mtbf)",
                  .inputs = {"availability.checkpoint_write", "availability.mtbf"},
                  .note = "Young 1974"});
}

}  // namespace

void describe_availability(Trace& trace, const AvailabilityInputs& inputs) {
    const Parts parts = parts_of(inputs);
    describe_queue(trace, inputs);
    describe_failures(trace, inputs, parts);
    leaf(trace, "availability.maintenance", "share of the year in maintenance", inputs.maintenance_fraction,
         "1", assumption("about one day a month"));
    trace.derive({.id = "availability.checkpoints",
                  .label = "left by checkpoints and failures",
                  .value = parts.checkpoints,
                  .unit = "1",
                  .formula = "(interval / mtbf) / (exp(restart / mtbf) (exp((interval + write) / mtbf) - 1))",
                  .inputs = {"availability.checkpoint_interval", "availability.checkpoint_write",
                             "availability.restart", "availability.mtbf"},
                  .note = "Daly 2006"});
    trace.derive({.id = "availability.allocation",
                  .label = "left by queue and start",
                  .value = parts.allocation,
                  .unit = "1",
                  .formula = inputs.reserved
                                 ? "1, reserved access"
                                 : "(wall time - restart - write) / (wall time + queue x (1 - chained))",
                  .inputs = {"availability.wall_time", "availability.queue", "availability.chained",
                             "availability.restart", "availability.checkpoint_write"}});
    trace.derive(
        {.id = "availability.total",
         .label = "share of the calendar that computes",
         .value = parts.open * parts.allocation * parts.checkpoints,
         .unit = "1",
         .formula = "(1 - maintenance) x allocation x checkpoints",
         .inputs = {"availability.maintenance", "availability.allocation", "availability.checkpoints"}});
}

}  // namespace euromesh::planner
