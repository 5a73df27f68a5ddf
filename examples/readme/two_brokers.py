from flask import Flask

from flask_multimqtt import MultiMQTT

app = Flask(__name__)

app.config["MQTT_URI"] = "mqtt://127.0.0.1/plant"
plant = MultiMQTT(app)

app.config["MQTT_URI"] = "mqtt://127.0.0.1/office"
office = MultiMQTT(app)


@plant.topic("alarm/#", qos=1)
def forward(client, message):
    office.publish(message.topic, message.payload, qos=1)
