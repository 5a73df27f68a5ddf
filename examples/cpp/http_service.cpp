// A small HTTP service: one view shows the last reading of each sensor, another switches a pump.
//
//     http_service mqtt://127.0.0.1/myprefix 8080
//     curl http://127.0.0.1:8080/readings
//     curl -X POST http://127.0.0.1:8080/pump/on
//
// Port 0 takes a free one. The first line on standard output tells the address.
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/json.hpp>

#include <chrono>
#include <iostream>
#include <map>
#include <memory>
#include <multimqtt/multimqtt.hpp>
#include <mutex>
#include <string>
#include <utility>

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;
using Request = http::request<http::string_body>;
using Response = http::response<http::string_body>;

/// The last value of each sensor. Handlers write it, views read it.
class Readings {
public:
    void set(std::string_view sensor, std::string_view value) {
        const std::lock_guard lock{mutex_};
        values_.insert_or_assign(std::string{sensor}, std::string{value});
    }
    [[nodiscard]] boost::json::object json() const {
        const std::lock_guard lock{mutex_};
        boost::json::object object;
        for (const auto& [sensor, value] : values_) {
            object.emplace(sensor, value);
        }
        return object;
    }

private:
    mutable std::mutex mutex_;
    std::map<std::string, std::string> values_;
};

class Service {
public:
    Service(multimqtt::Client& mqtt, const Readings& readings) : mqtt_{mqtt}, readings_{readings} {}

    [[nodiscard]] Response answer(const Request& request) const {
        const std::string_view target{request.target().data(), request.target().size()};
        if (request.method() == http::verb::get && target == "/readings") {
            return json(http::status::ok, {{"connected", mqtt_.connected()}, {"readings", readings_.json()}});
        }
        if (request.method() == http::verb::post && (target == "/pump/on" || target == "/pump/off")) {
            return switch_pump(target == "/pump/on");
        }
        return json(http::status::not_found,
                    {{"error", "there are GET /readings and POST /pump/on, /pump/off"}});
    }

private:
    [[nodiscard]] Response switch_pump(bool on) const {
        using namespace std::chrono_literals;
        const auto sent =
            mqtt_.publish("pump/set", {{"on", on}}, {.qos = multimqtt::Qos::at_least_once}).wait(2s);
        if (!sent) {
            return json(http::status::service_unavailable, {{"error", sent.error().message}});
        }
        return json(http::status::ok, {{"pump", on}});
    }

    [[nodiscard]] static Response json(http::status status, const boost::json::value& body) {
        Response response{status, 11};
        response.set(http::field::content_type, "application/json");
        response.body() = boost::json::serialize(body);
        response.prepare_payload();
        return response;
    }

    multimqtt::Client& mqtt_;
    const Readings& readings_;
};

/// One connection of a browser. Keeps itself alive while it works.
class Visit : public std::enable_shared_from_this<Visit> {
public:
    Visit(tcp::socket socket, const Service& service) : stream_{std::move(socket)}, service_{service} {}

    void read() {
        request_ = {};
        stream_.expires_after(std::chrono::seconds{30});
        http::async_read(stream_, buffer_, request_, [self = shared_from_this()](auto error, std::size_t) {
            if (!error) {
                self->write();
            }
        });
    }

private:
    void write() {
        response_ = service_.answer(request_);
        response_.keep_alive(request_.keep_alive());
        http::async_write(stream_, response_, [self = shared_from_this()](auto error, std::size_t) {
            if (!error && self->response_.keep_alive()) {
                self->read();
            }
        });
    }

    beast::tcp_stream stream_;
    beast::flat_buffer buffer_;
    Request request_;
    Response response_;
    const Service& service_;
};

void accept(tcp::acceptor& acceptor, asio::thread_pool& threads, const Service& service) {
    acceptor.async_accept(asio::make_strand(threads), [&](auto error, tcp::socket socket) {
        if (!error) {
            std::make_shared<Visit>(std::move(socket), service)->read();
            accept(acceptor, threads, service);
        }
    });
}

int main(int argc, char** argv) {
    multimqtt::Client mqtt{argc > 1 ? argv[1] : "mqtt://127.0.0.1/myprefix"};
    const auto port = static_cast<unsigned short>(argc > 2 ? std::stoi(argv[2]) : 8080);

    Readings readings;
    mqtt.topic<"sensor/<str:sensor>">([&](const multimqtt::Message& message, std::string_view sensor) {
        readings.set(sensor, message.text());
    });
    mqtt.connect();  // Never waits: the service answers whether or not the broker is there.

    // Views may wait for the broker, so several threads serve them.
    asio::thread_pool threads{4};
    const Service service{mqtt, readings};
    tcp::acceptor acceptor{threads, {asio::ip::make_address("127.0.0.1"), port}};
    std::cout << "http://127.0.0.1:" << acceptor.local_endpoint().port() << std::endl;
    accept(acceptor, threads, service);

    asio::signal_set signals{threads, SIGINT, SIGTERM};
    signals.async_wait([&](auto, int) { threads.stop(); });
    threads.join();
}
