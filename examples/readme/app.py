from flask import Flask

from flask_multimqtt import MultiMQTT

app = Flask(__name__)
app.config["MQTT_URI"] = "mqtt://127.0.0.1/myprefix"
mqtt = MultiMQTT(app)


@mqtt.topic("number/<int:number>", qos=1)
def number_topic(client, message, number):
    print(f"{message.topic}: {number + 1}, {message.json}")


@app.post("/number/<int:number>")
def send(number):
    receipt = mqtt.publish(mqtt.topic_for("number_topic", number=number), {"hello": "world"}, qos=1)
    receipt.wait(timeout=2)
    return "The broker has it.\n"
