// Package models holds the encoders and their heads.
//
// An encoder is a [Backbone]: it maps images [N, C, H, W] to features [N, D],
// and its parameters carry the names that torchvision gives them, so that
// state_dicts walk both ways. [New] builds one by name. A width factor scales
// all channels: half the width costs about a quarter of the time.
package models
