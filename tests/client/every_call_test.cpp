// Every public call, from many threads at once, through connects, losses, closes and forks. The names in
// quotes are the places that public_calls.py holds against the public headers.
//
//     MULTIMQTT_STRESS_SECONDS=600 MULTIMQTT_STRESS_SEED=7 client_stress_test --gtest_filter='EveryCall*'
#include "client/client_fixture.hpp"
#include "multimqtt/dynsec.hpp"
#include "multimqtt/observer.hpp"
#include "support/fault_proxy.hpp"

#include <array>
#include <atomic>
#include <cstdlib>
#include <iostream>
#include <map>
#include <poll.h>
#include <random>
#include <sys/wait.h>
#include <unistd.h>

namespace multimqtt::client {
namespace {

using test::Listener;
using test::Mosquitto;

constexpr unsigned kThreads = 8;
constexpr std::chrono::seconds kDefaultSeconds{6};
/// How long a child may take for its calls, none of which waits.
constexpr unsigned kChildSeconds = 60;

/// What all threads share.
struct World {
    World(Options options, Options administrator_options)
        : mqtt{std::move(options)},
          administrator{std::move(administrator_options)},
          dynsec{administrator, {.timeout = 300ms, .allow_plain_passwords = true}} {}

    std::mutex mutex;  // Of `receipts` and `messages`; no call is made while it is held.
    std::vector<Receipt> receipts;
    std::vector<Message> messages;
    Client mqtt;
    Client administrator;
    Dynsec dynsec;
};

/// What one thread brings to its calls. Its things go round between the threads between two calls.
struct Hand {
    Hand(World& shared, std::uint64_t seed)
        : world{shared},
          random{seed},
          topic{shared.mqtt.register_topic("stress/#", {.qos = Qos::exactly_once}).value()} {}

    [[nodiscard]] unsigned below(unsigned count) { return static_cast<unsigned>(random() % count); }
    [[nodiscard]] Qos qos() { return Qos{static_cast<std::uint8_t>(below(3))}; }
    [[nodiscard]] std::chrono::milliseconds moment() { return std::chrono::milliseconds{below(4)}; }
    [[nodiscard]] std::string name(const char* kind) { return kind + std::to_string(below(4)); }
    [[nodiscard]] std::string some_topic() { return "stress/" + std::to_string(below(20)); }
    /// The delivery to look at; takes one when there is none. Null when nothing waits.
    Delivery* delivery() {
        if (current == nullptr) {
            if (batch.empty()) {
                batch = world.mqtt.take(1 + below(16), moment());
            }
            current = batch.next();
            if (current == nullptr) {
                batch = Batch{};
            } else if (current->kind() == Delivery::Kind::message) {
                message = current->message();
            }
        }
        return current;
    }

    World& world;
    std::mt19937_64 random;
    Topic topic;
    Receipt receipt;
    Message message;
    Batch batch;
    Delivery* current = nullptr;
    Observation observation;
    unsigned handlers_left = 5;  // They are kept for the client's life, and each runs for each message.
};

using Run = void (*)(Hand&);

struct Call {
    const char* name;
    Run run;
    unsigned weight = 10;
};

void add_handlers(Hand& hand, const std::function<void()>& add) {
    if (hand.handlers_left > 0) {
        --hand.handlers_left;
        add();
    }
}

boost::json::object command(const char* name) {
    return {{"command", name}};
}

constexpr std::array kCalls{
    // The client.
    Call{"Client::publish",
         [](Hand& hand) {
             PublishOptions options{.qos = hand.qos(), .retain = hand.below(20) == 0};
             options.block = hand.below(4) != 0;
             if (hand.below(8) == 0) {
                 options.properties.expiry = 1s;
                 options.properties.user_properties = {{"key", "value"}};
             }
             hand.receipt = hand.world.mqtt.publish(hand.some_topic(), hand.below(100'000), options);
         },
         300},
    Call{"Payload::shared",
         [](Hand& hand) {
             const auto owner = std::make_shared<const std::string>(20'000, 'x');
             const auto payload = Payload::shared(owner, std::as_bytes(std::span{*owner}));
             hand.receipt = hand.world.mqtt.publish(hand.some_topic(), payload, {.qos = hand.qos()});
         }},
    Call{"Client::connect", [](Hand& hand) { (void)hand.world.mqtt.connect(); }},
    Call{"Client::connected", [](Hand& hand) { (void)hand.world.mqtt.connected(); }},
    Call{"Client::state", [](Hand& hand) { (void)to_string(hand.world.mqtt.state()); }},
    Call{"Client::connection", [](Hand& hand) { (void)hand.world.mqtt.connection(); }},
    Call{"Client::wait_connected", [](Hand& hand) { (void)hand.world.mqtt.wait_connected(hand.moment()); }},
    Call{"Client::wait_subscribed", [](Hand& hand) { (void)hand.world.mqtt.wait_subscribed(hand.moment()); }},
    // Once in a while in the middle of a round; at its end in any case.
    Call{"Client::close",
         [](Hand& hand) {
             if (hand.below(400) == 0) {
                 hand.world.mqtt.close(std::chrono::milliseconds{hand.below(300)});
             }
         },
         2},
    Call{"Client::on_connect",
         [](Hand& hand) { add_handlers(hand, [&] { hand.world.mqtt.on_connect([] {}); }); }},
    Call{"Client::on_disconnect",
         [](Hand& hand) {
             add_handlers(hand, [&] { hand.world.mqtt.on_disconnect([](const Failure&) {}); });
         }},
    Call{"Client::on_log", [](Hand& hand) { hand.world.mqtt.on_log([](LogLevel, std::string_view) {}); }},
    Call{"Client::register_topic",
         [](Hand& hand) {
             const char* const patterns[] = {"stress/<int:number>", "stress/<path:rest>", "stress/+",
                                             "stress/#"};
             auto topic = hand.world.mqtt.register_topic(patterns[hand.below(4)], {.qos = Qos::exactly_once});
             if (topic) {
                 hand.topic = *topic;
             }
         }},
    Call{"Client::topic",
         [](Hand& hand) {
             add_handlers(hand, [&] {
                 try {
                     hand.topic = hand.world.mqtt.topic<"stress/<int:number>/typed">(
                         [](const Message&, std::int64_t) {}, {.qos = Qos::exactly_once});
                 } catch (const Exception& error) {
                     EXPECT_TRUE(error.failure().is(Error::inherited)) << error.what();
                 }
             });
         }},
    Call{"Client::take", [](Hand& hand) { (void)hand.delivery(); }, 60},
    Call{"Client::fileno",
         [](Hand& hand) {
             if (const auto descriptor = hand.world.mqtt.fileno()) {
                 pollfd waiting{*descriptor, POLLIN, 0};
                 (void)::poll(&waiting, 1, 0);
             }
         }},
    Call{"Client::topic_for",
         [](Hand& hand) {
             (void)hand.world.mqtt.topic_for("stress/<int:number>", {{"number", hand.below(20)}});
             const TopicArgument rest{"rest", "a/b"};
             (void)hand.world.mqtt.topic_for("stress/<path:rest>", {&rest, 1}, Absolute::yes);
         }},
    Call{"Client::statistics", [](Hand& hand) { (void)hand.world.mqtt.statistics(); }},
    Call{"Client::options", [](Hand& hand) { (void)hand.world.mqtt.options().prefix.size(); }},
    Call{"Client::core", [](Hand& hand) { (void)std::shared_ptr{hand.world.mqtt.core()}; }},

    // Receipts.
    Call{"Receipt::done", [](Hand& hand) { (void)hand.receipt.done(); }},
    Call{"Receipt::wait", [](Hand& hand) { (void)hand.receipt.wait(hand.moment()); }},
    Call{"Receipt::outcome", [](Hand& hand) { (void)hand.receipt.outcome(); }},
    Call{"Receipt::reason", [](Hand& hand) { (void)hand.receipt.reason(); }},
    Call{"Receipt::watch", [](Hand& hand) { (void)hand.receipt.watch(); }},
    Call{"Receipt::state", [](Hand& hand) { (void)hand.receipt.state(); }},

    // Deliveries.
    Call{"Batch::next", [](Hand& hand) { hand.current = nullptr; }, 60},
    Call{"Batch::empty", [](Hand& hand) { (void)hand.batch.empty(); }},
    Call{"Batch::run",
         [](Hand& hand) {
             if (hand.delivery() != nullptr) {
                 hand.batch.run();
             }
         },
         60},
    Call{"Batch::failed",
         [](Hand& hand) {
             if (hand.delivery() != nullptr) {
                 hand.batch.failed();
             }
         }},
    Call{"Delivery::kind", [](Hand& hand) { (void)hand.delivery(); }},
    Call{"Delivery::message",
         [](Hand& hand) {
             if (const auto* const delivery = hand.delivery()) {
                 (void)delivery->message().topic().size();
             }
         }},
    Call{"Delivery::route",
         [](Hand& hand) {
             if (const auto* const delivery = hand.delivery()) {
                 (void)delivery->route();
             }
         }},
    Call{"Delivery::captures",
         [](Hand& hand) {
             if (const auto* const delivery = hand.delivery()) {
                 for (const TopicCapture& capture : delivery->captures()) {
                     (void)capture.as_int64();
                 }
             }
         }},
    Call{"Delivery::failure",
         [](Hand& hand) {
             if (const auto* const delivery = hand.delivery()) {
                 (void)delivery->failure().is(Error::closed);
             }
         }},
    Call{"Delivery::level",
         [](Hand& hand) {
             if (const auto* const delivery = hand.delivery()) {
                 (void)delivery->level();
             }
         }},
    Call{"Delivery::text",
         [](Hand& hand) {
             if (const auto* const delivery = hand.delivery()) {
                 (void)delivery->text().size();
             }
         }},
    Call{"Delivery::receipt",
         [](Hand& hand) {
             if (const auto* const delivery = hand.delivery()) {
                 (void)delivery->receipt();
             }
         }},
    Call{"Delivery::ack",
         [](Hand& hand) {
             if (const auto* const delivery = hand.delivery()) {
                 delivery->ack();
             }
         }},

    // Messages, which other threads have copied too.
    Call{"Message::ack", [](Hand& hand) { hand.message.ack(); }},
    Call{"Acknowledger::acknowledge",
         [](Hand& hand) { Message{hand.message}.ack(ReasonCode::quota_exceeded); }},
    Call{"Message::topic", [](Hand& hand) { (void)hand.message.topic().size(); }},
    Call{"Message::absolute_topic", [](Hand& hand) { (void)hand.message.absolute_topic().size(); }},
    Call{"Message::payload", [](Hand& hand) { (void)hand.message.payload().size(); }},
    Call{"Message::text", [](Hand& hand) { (void)std::string{hand.message.text()}; }},
    Call{"Message::json", [](Hand& hand) { (void)hand.message.json(); }},
    Call{"Message::qos", [](Hand& hand) { (void)to_string(hand.message.qos()); }},
    Call{"Message::retain", [](Hand& hand) { (void)hand.message.retain(); }},
    Call{"Message::dup", [](Hand& hand) { (void)hand.message.dup(); }},
    Call{"Message::mid", [](Hand& hand) { (void)hand.message.mid(); }},
    Call{"Message::properties", [](Hand& hand) { (void)hand.message.properties().empty(); }},
    Call{"PublishProperties::empty", [](Hand& hand) { (void)hand.message.properties().empty(); }},

    // Routes and patterns.
    Call{"Topic::on_message",
         [](Hand& hand) {
             add_handlers(hand, [&] { hand.topic.on_message([](const Message&, Captures) {}); });
         }},
    Call{"Topic::id", [](Hand& hand) { (void)hand.topic.id(); }},
    Call{"Topic::name", [](Hand& hand) { (void)hand.topic.name().size(); }},
    Call{"Topic::options", [](Hand& hand) { (void)hand.topic.options().name.size(); }},
    Call{"Topic::pattern", [](Hand& hand) { (void)hand.topic.pattern().text().size(); }},
    Call{"TopicPattern::parse",
         [](Hand& hand) { (void)TopicPattern::parse(hand.some_topic() + "/<int:a>"); }},
    Call{"TopicPattern::text", [](Hand& hand) { (void)hand.topic.pattern().text().size(); }},
    Call{"TopicPattern::filter", [](Hand& hand) { (void)hand.topic.pattern().filter().size(); }},
    Call{"TopicPattern::inner_filter", [](Hand& hand) { (void)hand.topic.pattern().inner_filter().size(); }},
    Call{"TopicPattern::share_group", [](Hand& hand) { (void)hand.topic.pattern().share_group().size(); }},
    Call{"TopicPattern::placeholders", [](Hand& hand) { (void)hand.topic.pattern().placeholders().size(); }},
    Call{"TopicPattern::has_wildcards", [](Hand& hand) { (void)hand.topic.pattern().has_wildcards(); }},
    Call{"TopicPattern::int_range", [](Hand& hand) { (void)hand.topic.pattern().int_range(); }},
    Call{"TopicPattern::match", [](Hand& hand) { (void)hand.topic.pattern().match(hand.some_topic()); }},
    Call{"TopicPattern::topic_for",
         [](Hand& hand) {
             (void)hand.topic.pattern().topic_for({{"number", hand.below(9)}});
         }},
    Call{"TopicCapture::as_int64",
         [](Hand&) {
             (void)TopicCapture{PlaceholderKind::integer, "7"}.as_int64();
         }},
    Call{"TopicCapture::as_double",
         [](Hand&) {
             (void)TopicCapture{PlaceholderKind::floating, "7.5"}.as_double();
         }},
    Call{"TopicCapture::as_uuid",
         [](Hand&) {
             (void)TopicCapture{PlaceholderKind::uuid, "7"}.as_uuid();
         }},
    Call{"check_topic", [](Hand& hand) { (void)check_topic(hand.some_topic()); }},

    // Observers.
    Call{"observe",
         [](Hand& hand) {
             auto observation = observe(hand.world.mqtt, "stress/" + std::to_string(hand.below(4)),
                                        {.message = [](const Message&) { (void)inside_observer(); }});
             if (observation) {
                 hand.observation = std::move(*observation);
             }
         }},
    Call{"Observation::wait_subscribed",
         [](Hand& hand) {
             auto observation = observe(hand.world.mqtt, "stress/seen", {.message = [](const Message&) {}});
             if (observation) {
                 (void)observation->wait_subscribed(hand.moment());
             }
         }},
    Call{"inside_observer", [](Hand&) { (void)inside_observer(); }},

    // Values without anything shared.
    Call{"Payload::bytes", [](Hand& hand) { (void)Payload{hand.below(10)}.bytes().size(); }},
    Call{"Payload::owner", [](Hand& hand) { (void)Payload{hand.below(10)}.owner(); }},
    Call{"Options::from_uri",
         [](Hand&) { (void)Options::from_uri("mqtt://user:password@127.0.0.1/prefix"); }},
    Call{"Options::validate", [](Hand& hand) { (void)hand.world.mqtt.options().validate(); }},
    Call{"Endpoint::to_string", [](Hand& hand) { (void)hand.world.mqtt.options().endpoints[0].to_string(); }},
    Call{"Uuid::parse", [](Hand&) { (void)Uuid::parse("00000000-0000-0000-0000-000000000000"); }},
    Call{"Uuid::text", [](Hand&) { (void)Uuid{}.text(); }},
    Call{"Failure::is",
         [](Hand&) {
             (void)Failure{Error::closed, "closed"}.is(Error::closed);
         }},
    Call{"Exception::failure",
         [](Hand&) {
             (void)Exception{Failure{Error::closed, "closed"}}.failure();
         }},
    Call{"throw_exception_from_error",
         [](Hand&) {
             try {
                 (void)Result<int>{Failure{Error::closed, "closed"}}.value();
                 std::abort();
             } catch (const Exception&) {
                 // It is what the call is for.
             }
         }},
    Call{"error_category", [](Hand&) { (void)error_category().message(1); }},
    Call{"dynsec_error_category", [](Hand&) { (void)dynsec_error_category().message(1); }},
    Call{"make_error_code", [](Hand&) { (void)make_error_code(DynsecError::internal); }},
    Call{"description", [](Hand& hand) { (void)description(hand.receipt.reason()); }},
    Call{"is_failure", [](Hand& hand) { (void)is_failure(hand.receipt.reason()); }},
    Call{"to_string", [](Hand& hand) { (void)to_string(hand.receipt.reason()); }},

    // Dynamic security: each asks the broker and waits.
    Call{"Dynsec::create_client",
         [](Hand& hand) {
             (void)hand.world.dynsec.create_client({.username = hand.name("user"), .password = "x"});
         },
         1},
    Call{"Dynsec::modify_client",
         [](Hand& hand) { (void)hand.world.dynsec.modify_client(hand.name("user"), {.text_name = "name"}); },
         1},
    Call{"Dynsec::delete_client",
         [](Hand& hand) { (void)hand.world.dynsec.delete_client(hand.name("user")); }, 1},
    Call{"Dynsec::enable_client",
         [](Hand& hand) { (void)hand.world.dynsec.enable_client(hand.name("user")); }, 1},
    Call{"Dynsec::disable_client",
         [](Hand& hand) { (void)hand.world.dynsec.disable_client(hand.name("user")); }, 1},
    Call{"Dynsec::get_client", [](Hand& hand) { (void)hand.world.dynsec.get_client(hand.name("user")); }, 1},
    Call{"Dynsec::list_clients", [](Hand& hand) { (void)hand.world.dynsec.list_clients(); }, 1},
    Call{"Dynsec::list_client_details", [](Hand& hand) { (void)hand.world.dynsec.list_client_details(); }, 1},
    Call{"Dynsec::set_client_id",
         [](Hand& hand) { (void)hand.world.dynsec.set_client_id(hand.name("user"), "id"); }, 1},
    Call{"Dynsec::set_client_password",
         [](Hand& hand) { (void)hand.world.dynsec.set_client_password(hand.name("user"), "secret"); }, 1},
    Call{"Dynsec::add_client_role",
         [](Hand& hand) { (void)hand.world.dynsec.add_client_role(hand.name("user"), hand.name("role")); },
         1},
    Call{"Dynsec::remove_client_role",
         [](Hand& hand) { (void)hand.world.dynsec.remove_client_role(hand.name("user"), hand.name("role")); },
         1},
    Call{"Dynsec::create_group",
         [](Hand& hand) { (void)hand.world.dynsec.create_group({.name = hand.name("group")}); }, 1},
    Call{"Dynsec::modify_group",
         [](Hand& hand) { (void)hand.world.dynsec.modify_group(hand.name("group"), {.text_name = "name"}); },
         1},
    Call{"Dynsec::delete_group", [](Hand& hand) { (void)hand.world.dynsec.delete_group(hand.name("group")); },
         1},
    Call{"Dynsec::get_group", [](Hand& hand) { (void)hand.world.dynsec.get_group(hand.name("group")); }, 1},
    Call{"Dynsec::list_groups", [](Hand& hand) { (void)hand.world.dynsec.list_groups(); }, 1},
    Call{"Dynsec::list_group_details", [](Hand& hand) { (void)hand.world.dynsec.list_group_details(); }, 1},
    Call{"Dynsec::add_group_client",
         [](Hand& hand) { (void)hand.world.dynsec.add_group_client(hand.name("group"), hand.name("user")); },
         1},
    Call{"Dynsec::remove_group_client",
         [](Hand& hand) {
             (void)hand.world.dynsec.remove_group_client(hand.name("group"), hand.name("user"));
         },
         1},
    Call{"Dynsec::add_group_role",
         [](Hand& hand) { (void)hand.world.dynsec.add_group_role(hand.name("group"), hand.name("role")); },
         1},
    Call{"Dynsec::remove_group_role",
         [](Hand& hand) { (void)hand.world.dynsec.remove_group_role(hand.name("group"), hand.name("role")); },
         1},
    Call{"Dynsec::set_anonymous_group",
         [](Hand& hand) { (void)hand.world.dynsec.set_anonymous_group(hand.name("group")); }, 1},
    Call{"Dynsec::get_anonymous_group", [](Hand& hand) { (void)hand.world.dynsec.get_anonymous_group(); }, 1},
    Call{"Dynsec::create_role",
         [](Hand& hand) { (void)hand.world.dynsec.create_role({.name = hand.name("role")}); }, 1},
    Call{"Dynsec::modify_role",
         [](Hand& hand) { (void)hand.world.dynsec.modify_role(hand.name("role"), {.text_name = "name"}); },
         1},
    Call{"Dynsec::delete_role", [](Hand& hand) { (void)hand.world.dynsec.delete_role(hand.name("role")); },
         1},
    Call{"Dynsec::get_role", [](Hand& hand) { (void)hand.world.dynsec.get_role(hand.name("role")); }, 1},
    Call{"Dynsec::list_roles", [](Hand& hand) { (void)hand.world.dynsec.list_roles(); }, 1},
    Call{"Dynsec::list_role_details", [](Hand& hand) { (void)hand.world.dynsec.list_role_details(); }, 1},
    Call{"Dynsec::add_role_acl",
         [](Hand& hand) {
             (void)hand.world.dynsec.add_role_acl(hand.name("role"),
                                                  {AclType::subscribe_pattern, "a/#", Access::allow});
         },
         1},
    Call{"Dynsec::remove_role_acl",
         [](Hand& hand) {
             (void)hand.world.dynsec.remove_role_acl(hand.name("role"), AclType::subscribe_pattern, "a/#");
         },
         1},
    Call{"Dynsec::set_default_access",
         [](Hand& hand) { (void)hand.world.dynsec.set_default_access({.unsubscribe = Access::allow}); }, 1},
    Call{"Dynsec::get_default_access", [](Hand& hand) { (void)hand.world.dynsec.get_default_access(); }, 1},
    Call{"Dynsec::get_details", [](Hand& hand) { (void)hand.world.dynsec.get_details(); }, 1},
    Call{"Dynsec::execute",
         [](Hand& hand) {
             const std::array commands{command("listRoles"), command("listGroups")};
             (void)hand.world.dynsec.execute(commands);
         },
         1},
    Call{"Dynsec::start",
         [](Hand& hand) {
             const std::array commands{command("listClients")};
             (void)hand.world.dynsec.start(commands);
         },
         1},
    Call{"DynsecRequest::wait",
         [](Hand& hand) {
             const std::array commands{command("listClients")};
             if (auto request = hand.world.dynsec.start(commands)) {
                 (void)request->wait(hand.moment());
             }
         },
         1},
};

/// How often each call was made, by all threads of all rounds.
std::array<std::atomic<std::uint64_t>, kCalls.size()> counts{};

/// All calls in a forked child, where other threads of the parent may have held any lock.
[[noreturn]] void be_a_child(Hand& hand) {
    ::alarm(kChildSeconds);
    for (const Call& call : kCalls) {
        call.run(hand);
    }
    const bool knows = hand.world.mqtt.state() == State::inherited || hand.world.mqtt.state() == State::armed;
    ::_exit(knows ? 0 : 1);
}

class EveryCallTest : public testing::Test {
protected:
    static std::uint64_t seed() {
        const char* const given = std::getenv("MULTIMQTT_STRESS_SEED");
        return given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
    }
    static std::chrono::seconds duration() {
        const char* const given = std::getenv("MULTIMQTT_STRESS_SECONDS");
        return given != nullptr ? std::chrono::seconds{std::strtol(given, nullptr, 10)} : kDefaultSeconds;
    }

    /// One client's life.
    void play(std::uint64_t seed, std::chrono::steady_clock::time_point end) {
        std::mt19937_64 random{seed};
        test::FaultProxy proxy{broker_.port(Listener::anonymous), static_cast<unsigned>(random())};
        World world{options_for(proxy, random), administrator_options()};
        world.mqtt.on_log([](LogLevel, std::string_view) {});
        world.administrator.on_log([](LogLevel, std::string_view) {});
        ASSERT_TRUE(world.administrator.connect());
        ending_ = false;
        std::vector<std::thread> threads;
        for (unsigned number = 0; number < kThreads; ++number) {
            threads.emplace_back(
                [this, &world, seed, number] { call_again_and_again(world, seed + number); });
        }
        ASSERT_TRUE(world.mqtt.connect());
        const auto round_end = std::min(
            end, std::chrono::steady_clock::now() + std::chrono::milliseconds{300 + random() % 1'200});
        while (std::chrono::steady_clock::now() < round_end) {
            make_trouble(proxy, random);
            std::this_thread::sleep_for(std::chrono::milliseconds{random() % 60});  // Between two troubles.
        }
        proxy.heal();
        broker_.thaw();
        std::thread second{[&] { world.mqtt.close(); }};
        world.mqtt.close();
        second.join();
        ending_ = true;
        for (std::thread& thread : threads) {
            thread.join();
        }
        EXPECT_EQ(world.mqtt.state(), State::stopped);
        const Statistics statistics = world.mqtt.statistics();
        EXPECT_EQ(statistics.publishes_done + statistics.publishes_failed, statistics.publishes_accepted);
        EXPECT_EQ(statistics.outbox_messages, 0u);
        for (const Receipt& receipt : world.receipts) {
            EXPECT_TRUE(receipt.done()) << "every receipt has ended";
        }
        connects_ += statistics.connects;
        disconnects_ += statistics.disconnects;
        handled_ += statistics.handlers_run;
    }

    Mosquitto broker_{{.listeners = {Listener::anonymous, Listener::dynamic_security}}};
    std::uint64_t connects_ = 0;
    std::uint64_t disconnects_ = 0;
    std::uint64_t handled_ = 0;
    std::atomic<std::uint64_t> forks_{0};

private:
    static Options options_for(const test::FaultProxy& proxy, std::mt19937_64& random) {
        Options options = test_options("mqtt://127.0.0.1:" + std::to_string(proxy.port()) + "/prefix",
                                       random() % 3 == 0 ? VersionPolicy::v3_1_1 : VersionPolicy::automatic);
        options.handler_threads = static_cast<unsigned>(random() % 3);
        options.outbox_full = OutboxFull{static_cast<std::uint8_t>(random() % 3)};
        options.outbox_messages_max = 200;
        options.outbox_block_timeout = 5ms;
        options.inbox_messages_max = 50 + random() % 200;
        options.connect_timeout = 300ms;
        options.keep_alive = 1s;
        options.drain = std::chrono::milliseconds{random() % 300};
        if (random() % 2 == 0) {
            options = lasting(options, "stress" + std::to_string(random() % 4));
        }
        return options;
    }
    [[nodiscard]] Options administrator_options() const {
        Options options = test_options(broker_.uri(Listener::dynamic_security));
        options.drain = 0ms;
        return options;
    }
    void make_trouble(test::FaultProxy& proxy, std::mt19937_64& random) {
        switch (random() % 12) {
            case 0:
                proxy.cut();
                break;
            case 1:
                proxy.cut_after(500, 20'000);
                break;
            case 2:
                proxy.cut_never();
                break;
            case 3:
                proxy.starve();
                break;
            case 4:
                proxy.strand();
                break;
            case 5:
                broker_.freeze();
                break;
            case 6:
                if (random() % 4 == 0) {
                    broker_.thaw();
                    broker_.kill();
                    broker_.start();
                }
                break;
            default:
                proxy.heal();
                broker_.thaw();
                break;
        }
    }
    void call_again_and_again(World& world, std::uint64_t seed) {
        Hand hand{world, seed};
        std::vector<double> weights;
        for (const Call& call : kCalls) {
            weights.push_back(call.weight);
        }
        std::discrete_distribution<std::size_t> which(weights.begin(), weights.end());
        while (!ending_) {
            const std::size_t chosen = which(hand.random);
            kCalls.at(chosen).run(hand);
            ++counts.at(chosen);
            if (hand.below(20) == 0) {
                pass_around(hand);
            }
            if (hand.below(4'000) == 0) {
                fork_once(hand);
            }
        }
        // What a thread has taken and not finished goes back.
        hand.current = nullptr;
        hand.batch = Batch{};
    }
    static void pass_around(Hand& hand) {
        const std::lock_guard lock{hand.world.mutex};
        const auto swap_in = [&](auto& pool, auto& mine) {
            constexpr std::size_t kPoolMax = 64;
            if (pool.size() < kPoolMax) {
                pool.push_back(mine);
            } else {
                std::swap(pool[hand.below(kPoolMax)], mine);
            }
        };
        swap_in(hand.world.receipts, hand.receipt);
        swap_in(hand.world.messages, hand.message);
    }
    void fork_once(Hand& hand) {
        const pid_t child = ::fork();
        if (child == 0) {
            be_a_child(hand);
        }
        ++forks_;
        int status = -1;
        EXPECT_EQ(::waitpid(child, &status, 0), child);
        EXPECT_EQ(status, 0) << "a child that called everything";
    }

    std::atomic<bool> ending_{false};
};

TEST_F(EveryCallTest, MayComeFromEveryThreadThroughConnectsLossesClosesAndForks) {
    const std::uint64_t first = seed();
    const auto end = std::chrono::steady_clock::now() + duration();
    SCOPED_TRACE("replay with MULTIMQTT_STRESS_SEED=" + std::to_string(first));
    std::cout << "seed " << first << ", " << duration().count() << " s\n";
    std::uint64_t rounds = 0;
    while (std::chrono::steady_clock::now() < end && !HasFailure()) {
        play(first + 1'000 * rounds++, end);
    }
    std::uint64_t calls = 0;
    std::uint64_t fewest = std::numeric_limits<std::uint64_t>::max();
    const char* rarest = "";
    for (std::size_t number = 0; number < kCalls.size(); ++number) {
        calls += counts.at(number);
        if (counts.at(number) < fewest) {
            fewest = counts.at(number);
            rarest = kCalls.at(number).name;
        }
    }
    std::cout << rounds << " clients, " << kCalls.size() << " kinds of call, " << calls
              << " calls, the rarest " << fewest << " times (" << rarest << "), " << connects_
              << " connects, " << disconnects_ << " losses, " << handled_ << " handled, " << forks_
              << " forks\n";
    EXPECT_GT(calls, 0u);
}

}  // namespace
}  // namespace multimqtt::client
