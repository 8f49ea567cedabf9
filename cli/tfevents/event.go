package tfevents

import (
	"math"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
)

// The numbers of the fields that are written, by message.
const (
	eventWallTime    = 1
	eventStep        = 2
	eventFileVersion = 3
	eventSummary     = 5
	eventSessionLog  = 7

	sessionLogStatus = 1 // of which START is 1

	summaryValue = 1

	valueTag         = 1
	valueSimpleValue = 2
	valueImage       = 4
	valueTensor      = 8
	valueMetadata    = 9

	imageHeight     = 1
	imageWidth      = 2
	imageColorspace = 3 // number of channels
	imageEncoded    = 4

	tensorDType  = 1 // of which DT_STRING is 7
	tensorShape  = 2
	tensorString = 8

	shapeDim = 2
	dimSize  = 1

	metadataPluginData   = 1
	pluginDataPluginName = 1
)

// message is an encoded protocol buffer message that grows by a field at a time,
// in the order of their numbers.
type message []byte

func (m message) double(field protowire.Number, v float64) message {
	return protowire.AppendFixed64(protowire.AppendTag(m, field, protowire.Fixed64Type), math.Float64bits(v))
}

func (m message) float(field protowire.Number, v float32) message {
	return protowire.AppendFixed32(protowire.AppendTag(m, field, protowire.Fixed32Type), math.Float32bits(v))
}

// integer appends an integer, or nothing for 0, which is what a missing one
// means.
func (m message) integer(field protowire.Number, v int64) message {
	if v == 0 {
		return m
	}
	return protowire.AppendVarint(protowire.AppendTag(m, field, protowire.VarintType), uint64(v))
}

func (m message) text(field protowire.Number, v string) message { return m.bytes(field, []byte(v)) }

// bytes appends a string, bytes, or a message within this one.
func (m message) bytes(field protowire.Number, v []byte) message {
	return protowire.AppendBytes(protowire.AppendTag(m, field, protowire.BytesType), v)
}

// event returns the fields that every Event has. Time is in seconds since 1970.
func event(at time.Time, step int64) message {
	seconds := float64(at.Unix()) + float64(at.Nanosecond())/1e9
	return message(nil).double(eventWallTime, seconds).integer(eventStep, step)
}

// scalarValue is a Summary.Value of one number.
func scalarValue(tag string, v float64) message {
	return message(nil).text(valueTag, tag).float(valueSimpleValue, float32(v))
}

// textValue is a Summary.Value of one string for TensorBoard's plugin of texts.
func textValue(tag, markdown string) message {
	shape := message(nil).bytes(shapeDim, message(nil).integer(dimSize, 1))
	tensor := message(nil).integer(tensorDType, 7).bytes(tensorShape, shape).text(tensorString, markdown)
	metadata := message(nil).bytes(metadataPluginData, message(nil).text(pluginDataPluginName, "text"))
	return message(nil).text(valueTag, tag+"/text_summary").bytes(valueTensor, tensor).bytes(valueMetadata, metadata)
}

// imageValue is a Summary.Value of an encoded picture.
func imageValue(tag string, height, width, channels int, png []byte) message {
	picture := message(nil).integer(imageHeight, int64(height)).integer(imageWidth, int64(width)).
		integer(imageColorspace, int64(channels)).bytes(imageEncoded, png)
	return message(nil).text(valueTag, tag).bytes(valueImage, picture)
}
