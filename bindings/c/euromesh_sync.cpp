#include "bindings/c/euromesh_sync.h"

#include <algorithm>
#include <cstring>
#include <exception>

#include "base/assert.hpp"
#include "base/os/system_clock.hpp"
#include "bindings/c/session_config.hpp"

using namespace euromesh;

// What a caller holds. The clock and the logger live as long as their session.
struct em_sync {
    os::SystemClock clock;
    Logger logger{clock, LogFormat::human, LogLevel::warning, [](std::string_view) {}};
    c::CConfig config;
    std::unique_ptr<sync::Session> session;
    std::string error;
    bool started = false;
    bool contributed = false;
    bool left = false;
};

namespace {

int told(std::string& where, const Error& error) {
    where = error.message;
    return exit_status(error.code);
}

// Runs a call; what it throws is a fault of ours or memory that is not there.
template <class Call>
int guarded(em_sync* sync, Call call) {
    if (sync == nullptr) return EM_SYNC_BAD_INPUT;
    try {
        const Status status = call();
        return status ? EM_SYNC_OK : told(sync->error, status.error());
    } catch (const std::exception& fault) {
        return told(sync->error, {Code::internal, fault.what()});
    }
}

Status check_buffer(const em_sync& sync, const float* values, std::size_t count) {
    if (values == nullptr) return fail(Code::bad_input, "values: a null pointer");
    const std::size_t wanted = contract::value_count(sync.config.session.layout);
    if (count != wanted) return fail(Code::bad_input, "{} values; the layout has {}", count, wanted);
    return {};
}

Status check_running(const em_sync& sync) {
    if (!sync.started) return fail(Code::conflict, "em_sync_start() comes first");
    if (sync.left) return fail(Code::conflict, "the session has been left");
    return {};
}

// Copies what fits: the caller may know an older or a newer structure.
void fill(em_sync_round* at, em_sync_round full) {
    if (at == nullptr) return;
    const std::size_t size = std::min(at->size, sizeof full);
    full.size = at->size;
    std::memcpy(at, &full, size);
}

em_sync_round position_of(const sync::Session& session) {
    em_sync_round at{};
    at.round = session.position().round;
    const std::string digest = session.digest();
    std::copy_n(digest.begin(), std::min(digest.size(), sizeof at.digest - 1), at.digest);
    return at;
}

Result<c::SavedState> first_state(const em_sync& sync, std::span<const float> values) {
    if (sync.config.resume) return c::load_state(*sync.config.resume, values.size());
    return c::SavedState{sync::OuterState::from(values), {}};
}

Status start(em_sync& sync, std::span<float> values, em_sync_round* at) {
    if (sync.started) return fail(Code::conflict, "a session is started once");
    EM_ASSIGN(c::SavedState saved, first_state(sync, values));
    EM_ASSIGN(const sync::StartOutcome begun,
              sync.session->start(std::move(saved.state), std::move(saved.position)));
    sync.started = true;
    std::copy(sync.session->outer().params.begin(), sync.session->outer().params.end(), values.begin());
    em_sync_round full = position_of(*sync.session);
    full.inner_steps = begun.inner_steps;
    full.joined = begun.joined ? 1 : 0;
    full.members = begun.members.size();
    full.wait_seconds = begun.wait_seconds;
    fill(at, full);
    return {};
}

Status merge(em_sync& sync, double alpha, std::span<float> values, em_sync_round* at) {
    if (!(alpha >= 0 && alpha <= 1)) return fail(Code::bad_input, "alpha is {}; use 0 to 1", alpha);
    if (!sync.contributed) return fail(Code::conflict, "em_sync_contribute() comes first");
    EM_ASSIGN(const sync::RoundOutcome outcome, sync.session->await());
    sync.contributed = false;
    sync.session->merge(alpha, values);
    em_sync_round full = position_of(*sync.session);
    full.inner_steps = outcome.inner_steps;
    full.contributed = outcome.contributed ? 1 : 0;
    full.members = outcome.members.size();
    full.wait_seconds = outcome.wait_seconds;
    full.reduce_seconds = outcome.reduce_seconds;
    full.sent_bytes = outcome.sent_bytes;
    full.received_bytes = outcome.received_bytes;
    fill(at, full);
    return {};
}

Status open(em_sync& sync, const char* text) {
    EM_ASSIGN(sync.config, c::read_config(text, sync.clock));
    EM_ASSIGN(sync.session, sync::Session::open(sync.config.session, sync.clock, sync.logger));
    return {};
}

}  // namespace

int em_sync_abi(void) {
    return EM_SYNC_ABI;
}

int em_sync_open(const char* config_json, em_sync** out, char* error, size_t error_size) {
    if (out == nullptr || config_json == nullptr) return EM_SYNC_BAD_INPUT;
    *out = nullptr;
    auto made = std::make_unique<em_sync>();
    const int code = guarded(made.get(), [&] { return open(*made, config_json); });
    if (code == EM_SYNC_OK) {
        *out = made.release();
    } else if (error != nullptr && error_size > 0) {
        const std::size_t size = std::min(made->error.size(), error_size - 1);
        std::memcpy(error, made->error.data(), size);
        error[size] = '\0';
    }
    return code;
}

int em_sync_start(em_sync* sync, float* values, size_t count, em_sync_round* at) {
    return guarded(sync, [&]() -> Status {
        EM_TRY(check_buffer(*sync, values, count));
        return start(*sync, {values, count}, at);
    });
}

int em_sync_contribute(em_sync* sync, const float* values, size_t count, uint64_t tokens, uint64_t steps) {
    return guarded(sync, [&]() -> Status {
        EM_TRY(check_running(*sync));
        EM_TRY(check_buffer(*sync, values, count));
        if (tokens == 0 || steps == 0) return fail(Code::bad_input, "tokens and steps must be above 0");
        if (sync->contributed)
            return fail(Code::conflict, "em_sync_merge() comes before the next contribution");
        EM_TRY(sync->session->contribute({values, count}, {tokens, steps}));
        sync->contributed = true;
        return {};
    });
}

int em_sync_poll(em_sync* sync, int* ready, int* due) {
    return guarded(sync, [&]() -> Status {
        EM_TRY(check_running(*sync));
        if (ready != nullptr) *ready = sync->session->is_ready() ? 1 : 0;
        if (due != nullptr) *due = sync->session->is_due() ? 1 : 0;
        return {};
    });
}

int em_sync_merge(em_sync* sync, double alpha, float* values, size_t count, em_sync_round* at) {
    return guarded(sync, [&]() -> Status {
        EM_TRY(check_running(*sync));
        EM_TRY(check_buffer(*sync, values, count));
        return merge(*sync, alpha, {values, count}, at);
    });
}

int em_sync_outer(em_sync* sync, float* values, size_t count) {
    return guarded(sync, [&]() -> Status {
        if (!sync->started) return fail(Code::conflict, "em_sync_start() comes first");
        EM_TRY(check_buffer(*sync, values, count));
        const std::vector<float>& outer = sync->session->outer().params;
        std::copy(outer.begin(), outer.end(), values);
        return {};
    });
}

int em_sync_save(em_sync* sync, const char* file) {
    return guarded(sync, [&]() -> Status {
        if (!sync->started) return fail(Code::conflict, "em_sync_start() comes first");
        if (file == nullptr) return fail(Code::bad_input, "file: a null pointer");
        return c::save_state(file, sync->session->outer(), sync->session->position());
    });
}

int em_sync_leave(em_sync* sync) {
    return guarded(sync, [&]() -> Status {
        EM_TRY(check_running(*sync));
        sync->left = true;
        return sync->session->leave();
    });
}

void em_sync_cancel(em_sync* sync) {
    if (sync != nullptr) sync->session->cancel();
}

const char* em_sync_error(const em_sync* sync) {
    return sync == nullptr ? "no session" : sync->error.c_str();
}

void em_sync_close(em_sync* sync) {
    delete sync;
}
