// bench_http [--threads N] [--tls CERTIFICATE KEY] [--log]: a server with a small JSON answer, for a load
// generator (run.sh). Prints its port, serves until it is asked to stop.
#include <unistd.h>

#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <string>

#include "base/os/process.hpp"
#include "base/os/stop_watcher.hpp"
#include "base/os/system_clock.hpp"
#include "federation/http/openapi.hpp"
#include "federation/http/server.hpp"

namespace euromesh::federation {
namespace {

// About what the state of a job is.
Json job_document(const std::string& id) {
    return {{"id", id},
            {"state", "running"},
            {"name", "hello"},
            {"project", "p-17"},
            {"site", "north"},
            {"submitted_ms", 1790000000000},
            {"started_ms", 1790000012345},
            {"requested_milli_gpu_hours", 64000},
            {"used_milli_gpu_hours", 1234},
            {"decision", "/v1/decisions/4711"}};
}

Route show_job() {
    Route route;
    route.pattern = "/v1/jobs/{id}";
    route.id = "show_job";
    route.handler = [](HttpCall& call, const Responder& to) {
        to.answer(json_answer(job_document(call.parameter("id"))));
    };
    return route;
}

Route submit_job() {
    Route route;
    route.method = HttpMethod::post;
    route.pattern = "/v1/jobs";
    route.id = "submit_job";
    route.body_limit = 64u << 10;
    route.request_schema = "Job";
    route.success_status = 202;
    route.handler = [](HttpCall& call, const Responder& to) {
        to.answer(json_answer({{"name", call.json["name"]}}, 202));
    };
    return route;
}

// The stream stays open: the server holds it until the client leaves.
Route follow() {
    Route route;
    route.pattern = "/v1/events";
    route.id = "follow";
    route.response_type = "text/event-stream";
    route.handler = [](HttpCall&, const Responder& to) {
        to.open_events()->send(make_event("1", "hello", "{}"));
    };
    return route;
}

Result<Api> make_api() {
    Api api;
    api.title = "bench";
    api.version = "1";
    EM_TRY(
        api.schemas.add("Job", Json::parse(R"({"type":"object","required":["name","duration_s"],"properties":{
        "name":{"type":"string","maxLength":64},"duration_s":{"type":"integer","minimum":1},
        "arguments":{"type":"array","items":{"type":"string"},"maxItems":100}}})")));
    api.routes = {show_job(), submit_job(), follow()};
    add_openapi_route(api, "");
    return api;
}

struct Arguments {
    HttpOptions options{};
    bool is_good = true;
};

Arguments parse(int count, char** texts) {
    Arguments arguments;
    HttpOptions& options = arguments.options;
    options.access_log = false;
    options.limits.rate = {};
    for (int i = 1; i < count; ++i) {
        const std::string text = texts[i];
        if (text == "--log") {
            options.access_log = true;
        } else if (text == "--threads" && i + 1 < count) {
            options.threads = static_cast<unsigned>(std::atoi(texts[++i]));
        } else if (text == "--tls" && i + 2 < count) {
            options.tls = TlsFiles{texts[i + 1], texts[i + 2]};
            i += 2;
        } else {
            arguments.is_good = false;
        }
    }
    return arguments;
}

Status serve(const HttpOptions& options) {
    const os::SystemClock clock;
    const Logger logger(clock, LogFormat::json_lines, LogLevel::info, [](std::string_view line) {
        if (::write(STDERR_FILENO, line.data(), line.size()) < 0) return;
    });
    MetricRegistry metrics;
    EM_ASSIGN(Api api, make_api());
    EM_ASSIGN(const auto server, HttpServer::start(options, std::move(api), {}, clock, logger, metrics));
    std::printf("%u\n", server->port());
    std::fflush(stdout);
    std::mutex mutex;
    std::condition_variable changed;
    bool stops = false;
    os::watch_for_stop();
    const os::StopWatcher watcher([&] {
        const std::lock_guard lock(mutex);
        stops = true;
        changed.notify_all();
    });
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return stops; });
    server->stop(std::chrono::seconds(5));
    const auto& answered = metrics.histogram("http_request_duration_seconds", "", {{"route", "show_job"}});
    const auto& submitted = metrics.histogram("http_request_duration_seconds", "", {{"route", "submit_job"}});
    const std::uint64_t requests = answered.count() + submitted.count();
    const double cpu_s = to_seconds(os::process_cpu_time());
    std::printf("server: %.2f s of CPU for %llu requests, %.1f us each\n", cpu_s,
                static_cast<unsigned long long>(requests), cpu_s * 1e6 / static_cast<double>(requests));
    return {};
}

}  // namespace
}  // namespace euromesh::federation

int main(int count, char** texts) {
    using namespace euromesh;
    const auto arguments = federation::parse(count, texts);
    if (!arguments.is_good) {
        std::fprintf(stderr, "usage: bench_http [--threads N] [--tls CERTIFICATE KEY] [--log]\n");
        return 2;
    }
    os::raise_open_file_limit();
    const Status status = federation::serve(arguments.options);
    if (!status) std::fprintf(stderr, "%s\n", status.error().message.c_str());
    return status ? 0 : exit_status(status.error().code);
}
