/*
 * test/unit/lb_cases_key.h - nginx 1.22.1: hash KEY, and hash KEY consistent.
 *
 * Measured: test/unit/lb_nginx_measure.py. What the lines mean: test/unit/test_lb_nginx.c.
 */
#ifndef TEST_UNIT_LB_CASES_KEY_H
#define TEST_UNIT_LB_CASES_KEY_H

#include "test/unit/lb_cases.h"

/* clang-format off */
static const struct lb_case hash_cases[] = {
	{
		"drawn 0", CONF_METHOD_HASH,
		{
			{.text = "unix:/tmp/lb-hash0", .weight = 1, .max_fails = 1, .fail_timeout = 1},
			{.text = "unix:/tmp/lb-hash1", .max_fails = 1, .fail_timeout = 1, .max_conns = 2},
		},
		"g@kf258f36d>0 ha@k24970d2d>1 g@k67ff379c>1 g@k3630e898>1 hb@k2fb6de79>0 "
		"hc@k5ca11e6e>0 g@kba794550>1 rc g@k4a197ac9>0 g@k63daca2f>0 g@k4468df0>0 "
		"rb hd@k16407c96>0 he@k5b7345f0>0 g@kb1e53162>1 hf@k14d76ce3>1 rf "
		"hg@k71992f2b>1 hh@k9e8583e8>0 hi@kcddb9d10>0 w3 hj@k6660f464>0 "
		"g@kd901393>0 g@k830bc90b>0 g!0@kfa75c52e>0- g@ke6b6e991>- g@k62a6eaf>- "
		"g@kf4e53f9b>- g!1@k86e43aaa>- g@k632767cb>- g@k3be395fc>- g@k596da6e7>- "
		"g@k38ccf46e>- g@k262d5352>- re g@k77ec6ea4>- g@k720828f3>- g@kdde23ba>- rg "
		"hq@k5215c159>1 g@kf82ac21f>- w3 g@k7ba743a5>0 hr@k43fcaf7d>0 g@k835666f3>0 "
		"g@k3a974f30>0 g@k30287a4c>0 g@k885c95e7>0 g@kbb6de884>0 g@kc2d129b1>0 "
		"hs@k2a32963b>0 ht@ke49d0112>0 g@k6286989f>0 g@k65d1d69c>0 hu@ke75df6d7>0 "
		"hv@k8e214d4d>0 g@ka9cc7595>0 ri g@k19163974>0 hw@k32a20149>0 "
		"hx@k525e50c4>0 w1 hy@k1b8341f2>0 rv hz@kcd5716ac>0 g!1@k76396f28>0 "
		"g@kf8e1cf33>0 rh g!01@k9163a7f6>0- rj ry g!0@ke4188fbd>- g@keeff062b>- rs "
		"g@kc00c8d9e>- rw rx g@k2d9c44f0>- w1 g@k2a0e9360>- g@kcd21db6f>- rd rz "
		"g@k207944d3>- ra g!1@kd346a8cb>1- g@k961f53c1>- g@kd1fe22b1>- "
		"g@k219665db>- rq g@k7b80e669>- g@kc8b7304a>- g@ka577546a>- g@k3de3150c>- "
		"rt g@k9fc1c19b>- g@ke274246a>- rr ru",
	},
	{
		"drawn 1", CONF_METHOD_HASH,
		{
			{.text = "unix:/tmp/lb-hash0", .weight = 1, .max_fails = 2, .fail_timeout = 1},
			{.text = "unix:/tmp/lb-hash1", .weight = 4, .max_fails = CASE_NONE, .fail_timeout = 1},
			{.text = "unix:/tmp/lb-hash2", .max_fails = 3, .fail_timeout = 1},
			{.text = "unix:/tmp/lb-hash3", .max_fails = 2, .fail_timeout = 1},
			{.text = "unix:/tmp/lb-hash4", .weight = 1, .fail_timeout = 1, .down = true},
		},
		"ha!3@k31b6857a>1 g@k768d0e7f>3 g@k54d08d8>1 hb@kc58d7529>1 rb "
		"hc!4@k6d4f2390>1 g@k174023a0>3 hd@ke8136ad8>1 g!01234@k5dddd303>1302 "
		"g@kd863c5af>1 g!01234@k5c9a7f60>0132 hf@kb6a77a5>2 g@k5e04196a>1 "
		"g@k69b3a12b>1 g@kcf7d584>2 g@k8f448a62>1 rf g@kb7c9210c>1 g@kdd6e9b0b>1 "
		"hg@kbb97a63c>1 w2 rg g@k1f8bad>1 hh@kf97a22c5>1 g@>1 hi@kd2f92>0 "
		"hj!3@kac3bb7ac>1 g@kd31d0172>1 hk!3@k98cbd349>2 rc g@k79f846cb>1 "
		"hl@k211b8b13>3 hm@k7438ee50>1 g!3@kd90db60e>1 rl rd g@kee9d0225>1 "
		"hn@ka5a49e8f>2 ho@ka282f61>1 hp@k63b48a94>1 g@k6800f4d3>1 w1 ra "
		"hq@kc7b6b1e2>1 g@k2f73361b>3 hr@k2a84284f>1 hs@kbbea4892>1 ro rm "
		"ht@kde7e0d5c>1 g@kbf4a410b>1 g@kb8a77c77>1 g@kf7d27117>3 hu@k18c2f776>1 "
		"hv!34@k6f000f48>1 hw@>2 hx@k697f7a06>3 rv hy@ka202d783>3 ry hz@k6d84a67e>1 "
		"ha@kd8f1ae7b>1 w3 rn g@kdb44d254>1 hb@ke22edf57>1 rp g!03@kd33a4d1a>31 "
		"hc@keefc1551>2 g!01234@k1803efe2>0132 ri g@k220555aa>1 g@k1fa3447>1 rr "
		"he@k7e72bae4>1 g@k55c72b20>1 g@kdc616351>1 hf@ke59031b5>1 g@kefbea661>1 "
		"g@k12dd2f14>1 rj hg@k3dd97d97>1 w1 ra g!01234@k6e995276>12- g@k49ffea6c>1 "
		"ru rt rs rk re rg rh hh@k448ffbe9>1 hi@kfd916b81>1 g@k6f470bcf>1 "
		"g@keba6456c>1 hj@kac8607d3>1 rj rw g@ke42b98bf>1 g@k5d6c1876>1 rq rx rz rb "
		"rc rf rh ri",
	},
	{
		"drawn 2", CONF_METHOD_HASH,
		{
			{.text = "unix:/tmp/lb-hash0", .weight = 2, .max_fails = 2, .fail_timeout = 2},
			{.text = "unix:/tmp/lb-hash1", .weight = 1, .fail_timeout = 2},
			{.text = "unix:/tmp/lb-hash2", .fail_timeout = 2, .max_conns = 3},
		},
		"ha@k3e5d077d>0 g@k95406c92>1 hb@kc31c4f54>1 hc@k15472228>1 g@k5a43319>1 "
		"hd@k76219e15>1 g@kda541c88>1 rd g@k7d5e4768>0 he@k91b33730>0 "
		"hf!0@k784eeeac>2 hg@k6c2e913>1 g@k4337bc44>0 g@k21699e6d>0 g@kc05498d5>2 "
		"g@k9b941c3>0 g!2@k5e0faa13>1 g@k401009e6>0 g@kb187de5c>2 g@kc9421466>0 w3 "
		"re g@k52f88451>0 hh@kc0bbf69b>0 rg rf g@k62bde635>0 g@k8a44ff95>0 "
		"g@k4a32ea72>2 g@k3f2b56b9>1 hi@k482df98e>0 rh g@k134c3810>0 g@k18170b2b>2 "
		"ra g!012@kf99d718f>012 hj@k9881387a>0 hk@k5d6673c2>0 hl@k6a859416>0 rl "
		"g@ka8a101c7>0 w3 g@k58f924c9>2 g@k8cfad05a>0 g@kb4c3906c>2 hm@k7350bc84>2 "
		"hn@kcf92fa>0 g@k6c7e6e04>0 rj ho@k23b82ab3>0 g@kf5f05e3>0 hp@ka56d1f20>0 "
		"hq@k3e4c5006>0 rp g@kc257e02f>2 ri rb g@k9755e6f1>0 g@kd7d4b566>2 "
		"hr@k4c089467>0 rq g@k56ccb2c8>0 w1 g!012@>012 ht@k17903840>0 ro "
		"hu@k3101d366>0 g@k6e89914>0 g@kabf98b1>0 hv@kaa9f997a>0 g@k6e38ca28>0 "
		"g@k9b1d25d3>0 g@k200b037>0 rk hw@kaec08e90>0 g@k6524f11>0 hx@k1c73c37c>0 "
		"rn g@k4ba8b2c4>0 hy@kd85bf51d>0 ru g@k49f8a711>0 hz@kdc6b95e4>0 w2 "
		"g@kef31d3b3>0 ha@ke915db2b>0 hb@kaf7449ac>0 ry g@k18a37b48>0 g@ke8167070>0 "
		"g@k60202c15>0 rc hc@k2f6d09df>0 hd!1@k17164c3d>0 rv he@k1aad4416>0 "
		"g@k94f3049d>0 hf@k4dfe5a87>0 hg@keadbc58c>0 hh@k72786cf1>0 g@k9704b99b>0 "
		"g@k79f0d574>0 g@k45d9f3c>0 rm rr rt rw rx rz ra rb rc rd re rf rg rh",
	},
	{
		"drawn 3", CONF_METHOD_HASH,
		{
			{.text = "unix:/tmp/lb-hash0", .weight = 2, .fail_timeout = 1, .down = true},
			{.text = "unix:/tmp/lb-hash1", .fail_timeout = 2},
		},
		"g@k32687f9>1 ha@k57c54f88>1 g@kbd74eb13>1 g!01@k29d1a963>1 g@k906314c>- "
		"g@kaa4c6bb6>- g!0@ke98e913>- g!0@k51b4cee7>- ra g@k233f8452>- "
		"g@kc552afd0>- g@k6eb4b07d>- g@kb067b7a2>- g@k433bef62>- g@k5b7b1c06>- "
		"g@k9ba78f62>- g@>- w1 g@kd1f2e7b7>- g@kaedf70ce>- g@kc4ed2e43>- "
		"g@k3dbece40>- g@ke24eed0>- g@kd9740fb3>- g@k64518f5b>- g@k65a04fd9>- "
		"g@k172a24ea>- g!01@k23c7acff>- g@kd0e7c282>- g@>- g!1@k8def619b>- "
		"g@k35a3c736>- g@k184ffc33>- g!01@k286ea3bd>- g!0@k860ae018>- w2 "
		"g@k8b00ae9c>1 g@k3f6d1228>1 g@kc081a245>1 g@k93b0e2b2>1 hr@k9085f93f>1 rr "
		"hs@k792b1140>1 g@>1 g!1@k889e6b72>1 g@k67ec8b03>- g@k13959fbe>- "
		"g@k2a4cc97f>- g@k158544d2>- g@kc268ca84>- g@k989a566b>- w1 g@kc743c55d>- "
		"g@k2245d69d>- g@kf79530b>- g@k8019777b>- g@kff624dea>- g@>- g@>- "
		"g@k534b77ae>- g@k9cde6f76>- g@k889fb051>- rs g!1@kfda06fb3>- w1 "
		"g!0@k5288e276>- g@kee77388e>- g!1@ke5ae7815>- g@kfcf3c60>- g@k49ff232c>- "
		"g@k330d3e22>- g@k7f11685b>- g@kb75e2fd1>- g@kcdc8b10e>- g@>- g@kb102c204>- "
		"g@kd5b4d936>- g@k24d63a2a>- g@kda768905>- g@k48df11a4>-",
	},
	{
		"2 servers", CONF_METHOD_HASH,
		{
			{.text = "unix:/tmp/lb-hash0", .weight = 1},
			{.text = "unix:/tmp/lb-hash1", .weight = 1},
		},
		"g@k2cd82189>0 g@ke3731935>0 g@kf402ff50>1 g@k55b7999a>0 g@k6823736>1 "
		"g@k1e57d4fb>1 g@k48e7a86c>1 g@k1a6790ea>0 g@k8075361c>0 g@k3c1800e5>1 "
		"g@k542796fa>0 g@ke3984bd3>0 g@k17f80c76>1 g@k76c74e9c>1 g@kd06f16aa>0 "
		"g@k5aca36ce>1 g@k560ae644>1 g@kbdcf2280>1 g@ke72cd98d>0 g@k4580c0dd>1 "
		"g@kc2c3948d>1 g@k4eb5c2f2>1 g@kf73a6d7>1 g@kb043126>0 g@kc7f47488>0 "
		"g@k667d5b11>0 g@kdd7bc9d6>0 g@k3b8ad613>0 g@kfb484e66>1 g@kbfd744cc>1 g@>0 "
		"g@kfcea6008>1 g@kef63eaed>0 g@k2a137d87>1 g@k60cda7f9>0 g@kf42732d9>1 "
		"g@k7de64ae8>0 g@k7da95c92>0 g@k5f64717f>1 g@ke171dee0>1 g@k2dae4346>0 "
		"g@k255ed8e0>0 g@>1 g@k835e07b1>1 g@k95ac8365>1 g@kf5d0be2a>0 g@k4e07e6f9>1 "
		"g@keeb6ea8d>0 g@k3924f433>1 g@k651f73ef>0 g@kd9c7fd8f>1 g@k9a8c272c>0 "
		"g@k19a5e048>1 g@k40975032>1 g@kf297b1cc>0 g@k8afdfa1e>0 g@>0 g@>1 "
		"g@k32b5e5da>0 g@k50edb09e>0 g@k96909273>1 g@k74f3ae16>0 g@kffda846b>1 "
		"g@kad0134dc>0 g@k29d560a0>0 g@k43eaccfc>0 g@k4b832cb8>1 g@k87904db7>0 "
		"g@k161f843d>0 g@kce34bed2>1 g@k2cb2366e>0 g@k7cac3f71>0 g@>0 g@k47a0f7d8>1 "
		"g@kfe9ff2f6>1 g@kb6b4732>0 g@k464b6d63>0 g@k687adf30>0 g@>1 g@k6909f09e>1 "
		"g@ke1f080c1>0 g@kc68ea954>0 g@k69244324>1 g@k4bb311cf>1 g@k8e09d54>1 "
		"g@kfa4bc1dc>1 g@k4e8fc96>1 g@>0 g@>1 g@kbf8e6db4>1 g@kd563fbb0>1 "
		"g@ka924283>1 g@k3441fed0>0 g@k29f9f636>0 g@k89f69cd6>1 g@k8abce4d0>0 g@>0 "
		"g@kff0187de>0 g@kd2af9cc9>1 g@k16b4a1a7>0 g@k67edc4d6>0 g@kee0af921>1 "
		"g@kfcd0a937>1 g@k7339eb6c>1 g@k701a870c>0 g@k1ded4e63>1 g@kaf73ec83>0 "
		"g@k977ce197>0 g@kf6fad957>1 g@ka412abfb>1 g@>1 g@ka179776f>1 g@k94c6d45>0 "
		"g@k720c5cbb>0 g@kf8ee2fb0>0 g@k9d1f9fde>0 g@k997db138>0 g@kbdf96d4e>0 "
		"g@kd0f4d390>1 g@>0 g@kc86128d5>1 g@k8510230b>0 g@kb52ce424>0 g@k4c555e23>1 "
		"g@kb190db3a>0 g@kfd1d5703>1 g@k77232c61>1 g@k31462b4f>1 g@ka196fd78>0 "
		"g@k15d7f5d6>1 g@k7e2eb657>0 g@k828dbe40>0 g@ke21ddeff>0 g@k3a858570>1 "
		"g@k2f9ebcc5>1 g@>1 g@k47edc8bb>1 g@k516c9167>0 g@kfe8358a2>1 g@kdc9e2174>1 "
		"g@kf18e5418>0 g@k7ac69345>0 g@kf91e8545>0 g@k5d5f7b53>0 g@k88f652ed>0 "
		"g@k854db04e>1 g@ka73b98d9>1 g@k8439ecaf>0 g@k2157d6fe>0 g@k305297c4>1",
	},
	{
		"4 servers", CONF_METHOD_HASH,
		{
			{.text = "unix:/tmp/lb-hash0", .weight = 3},
			{.text = "unix:/tmp/lb-hash1", .weight = 1},
			{.text = "unix:/tmp/lb-hash2", .down = true},
			{.text = "unix:/tmp/lb-hash3", .weight = 2},
		},
		"g@ke4625566>0 g@k7256068b>0 g@k50983082>3 g@k4a4dbbb2>1 g@k2f7108b6>1 "
		"g@k72f46bfe>3 g@kb5d2dd59>1 g@>0 g@ka618a069>0 g@k286fcb56>0 g@ked9a2b54>0 "
		"g@k49701394>0 g@k2d289d25>3 g@k3bb995ce>3 g@kd2e56d77>3 g@k89d8bf82>0 "
		"g@k9eace3f3>0 g@kd857be8c>3 g@k9ed735c9>3 g@k41bf05f3>1 g@k445516be>3 "
		"g@k66461b83>3 g@>3 g@ke98657f6>3 g@k80f40f06>3 g@k23a4b962>0 g@k4087e0b4>0 "
		"g@kb5d5475b>3 g@ka07a7376>0 g@k7b580d90>0 g@kc6b56d23>3 g@k91e7f4b6>0 "
		"g@k7ab5ccc1>0 g@k68a7ab44>0 g@k3f6990c5>0 g@k323bf976>3 g@>0 g@k16b81360>1 "
		"g@k30ac47c>3 g@ka1fac437>0 g@kc47ffe1c>0 g@kd06360c2>1 g@kb0c9363f>3 "
		"g@k28b36022>0 g@kb6703cbf>1 g@k6843aa61>0 g@kf2df5657>0 g@k27bf9496>0 "
		"g@kc6caa6fb>3 g@ka2ef143c>3 g@ke9259e8a>3 g@kc60ef4ca>1 g@kfbaf5b23>3 "
		"g@k17fd57c6>3 g@k58252025>0 g@k31154776>0 g@kb169eb3e>0 g@k355aeb56>0 "
		"g@ka06914c>3 g@ke70fae9f>0 g@kc9d7b1a>1 g@kdc24fbbc>1 g@k6e5a36fc>3 "
		"g@k87b86e56>3 g@k2e023dcd>3 g@k31d7043>3 g@ke5a074d9>0 g@kfd9d9c43>1 "
		"g@k34358993>3 g@k95fce320>0 g@k375acf3b>1 g@kf94ff9e8>1 g@k3dbedd3e>0 "
		"g@kcf3b65bc>3 g@>1 g@ka5b2d43>0 g@kbc221df4>3 g@k62e4b8f2>0 g@kfa67fb10>3 "
		"g@k28a5893d>0 g@k54f54fdb>0 g@k88d2cd66>1 g@kcc7aefdc>0 g@k4599e5f9>0 "
		"g@k4c23d901>1 g@ka05156a3>0 g@kba9e67a2>0 g@k19a86b3c>0 g@k7fc2cba>3 "
		"g@k3ff5dc88>3 g@k83485722>3 g@kbaa2ecc4>1 g@kae763e72>0 g@k804ae626>0 "
		"g@k690f395e>1 g@k2274361c>1 g@k7dbb1db4>1 g@k18c26b36>1 g@k8b13e919>1 "
		"g@ka235dd8a>3 g@k8d06428f>3 g@ke7ba7b43>0 g@kb1119b9>1 g@kd4b6fcd9>0 "
		"g@ka62f6bbd>3 g@k293dd928>1 g@kfd4b8e84>3 g@kae9b8658>0 g@k928e95c7>1 "
		"g@ke22b0785>1 g@k64177b91>0 g@ke74e9c4c>0 g@k607b143c>0 g@>3 g@kfbcf8c08>0 "
		"g@kd54dba6>0 g@ka07b5878>1 g@k68b1abc3>0 g@k3e5727ec>0 g@kea446097>0 "
		"g@kfa92eeae>0 g@k598b3af8>3 g@kb703853b>0 g@k4b47b374>3 g@kd1307ad0>0 "
		"g@k60a1d1c3>1 g@kd396aaa8>1 g@k5bf7c9ec>0 g@k964eba93>0 g@k516893f5>0 "
		"g@k772719f8>0 g@kd5520422>0 g@k6354c541>0 g@ka590cd09>0 g@k56cd5601>3 "
		"g@k3667e9b9>0 g@k6df340c2>0 g@k9d11de9a>0 g@k7a34b3a2>3 g@k2f26559d>3 "
		"g@kfcacfe1c>3 g@kb807c836>3 g@k78230e7e>3 g@k668e6f18>0 g@k9d58f85d>0 "
		"g@kb64826bf>3 g@k31eb38b9>3 g@k1c395375>0 g@kac493356>0 g@k41eec5d3>3",
	},
	{
		"5 servers", CONF_METHOD_HASH,
		{
			{.text = "unix:/tmp/lb-hash0", .weight = 1},
			{.text = "unix:/tmp/lb-hash1", .weight = 1},
			{.text = "unix:/tmp/lb-hash2", .weight = 1},
			{.text = "unix:/tmp/lb-hash3", .weight = 1},
			{.text = "unix:/tmp/lb-hash4", .weight = 1},
		},
		"g@k31e4fbf8>1 g@k2e11d66>2 g@ke36dcfc4>4 g@kd087bd2f>3 g@k3922f29d>1 "
		"g@kd79839b2>1 g@k4203da31>1 g@k4be00859>1 g@kfe5c4160>1 g@kc5454a8a>0 "
		"g@kb77884b9>1 g@k9b0ded82>4 g@kc6bc2964>4 g@kca7c6d84>1 g@k64d44fd9>0 "
		"g@k1be8b350>1 g@kd03154ac>4 g@kefbd0216>3 g@k1dbfd3ec>1 g@k898a6805>0 "
		"g@kee2060d>0 g@k32027a06>3 g@k52497e95>4 g@kf73bcf17>1 g@k78e3321d>1 "
		"g@k77e597e8>1 g@>0 g@ka5a6ae60>1 g@k859e4ad>3 g@kf28b76db>3 g@k84314bf3>4 "
		"g@k27165253>4 g@k5bc09c17>2 g@kf1c285aa>2 g@k1d741f27>0 g@kd6fb81ad>0 "
		"g@kab2e63c6>0 g@k62aaa98d>2 g@k382d7845>0 g@k1a558305>1 g@k42268b55>4 "
		"g@kbebf6dc1>3 g@k363861ba>3 g@k839e9d99>3 g@k8401e961>3 g@k8be3e9d8>3 "
		"g@kc914c56>2 g@k8727c8b9>1 g@k4d259cde>0 g@kbdd93261>3 g@k3e3ab8a6>1 "
		"g@kc74748b0>1 g@k955f45c0>2 g@kc68dc3f6>3 g@k5f39dd21>0 g@k1e52df6a>3 "
		"g@k199d6f64>4 g@k604e78df>0 g@kb73818da>3 g@k4d0041c7>0 g@k5f7f9253>1 "
		"g@k5024dfec>3 g@k662e520a>2 g@k17cc0a3a>1 g@k8cb75e24>0 g@>1 g@kb1ce363f>4 "
		"g@kb956892>2 g@k1c4516d7>1 g@k40534178>3 g@k4039faaf>0 g@k1e59e524>4 "
		"g@k66118550>0 g@k5d442277>4 g@ka67d9552>1 g@k7a283e0c>2 g@k92396868>3 "
		"g@kc92c2b6b>0 g@kc81bad19>0 g@k7ec79a01>0 g@k88e99f6c>1 g@k6c2c1cdf>3 "
		"g@k7b9219e8>2 g@kb05e2f0b>1 g@ke9abfb77>3 g@ke8592115>0 g@k26697786>3 "
		"g@kefb5b8be>3 g@k953362>3 g@k3dd41d7f>4 g@ka7132c2>0 g@k9aea39a0>3 "
		"g@k5961d6ee>3 g@k4309d43a>4 g@kfd47d312>0 g@k99aa8276>1 g@k9635b2a5>0 "
		"g@kf381e6d>1 g@k76d9c448>4 g@ke4f59049>0 g@kf8c5ee59>4 g@ke6595234>4 g@>2 "
		"g@k91cd4cd>4 g@k6fa87d0b>4 g@k2b14bfe0>2 g@k7ed1e60f>4 g@k1ea95349>0 "
		"g@k380b3ab6>0 g@kb71fe2c2>4 g@kd9262821>3 g@>3 g@k40dc7024>1 g@k9da185f2>1 "
		"g@>4 g@k9b38c6f0>1 g@k68ee6334>1 g@k204b2862>1 g@k6bbd598>1 g@ka3dc81bb>2 "
		"g@kfa6dc5>1 g@keedc000c>2 g@kac7cf8a5>4 g@k6dd7166>4 g@k8fbce151>3 "
		"g@kc9d70152>0 g@kcda806dd>1 g@k94217551>2 g@k33702f10>4 g@kde4df771>0 "
		"g@k98850f21>2 g@kfb027811>0 g@k98fd4a7c>2 g@k4afc4eee>0 g@ka844fe17>4 "
		"g@k9be2849b>3 g@k4bf8e4c2>2 g@kdf1fbac8>2 g@kb8444655>2 g@k8ce680d8>4 "
		"g@k4126c989>0 g@>0 g@>1 g@kec2af30d>0 g@k75d914b6>4 g@k804289dc>1 "
		"g@k784e8a86>0 g@k9e6911a1>3 g@kf9fa6d9c>1 g@>2",
	},
};

static const struct lb_case ketama_cases[] = {
	{
		"drawn 0", CONF_METHOD_HASH_CONSISTENT,
		{
			{.text = "127.0.0.1:18100", .max_fails = 2, .fail_timeout = 1},
			{.text = "127.0.0.1:18101", .weight = 6, .max_fails = 3, .fail_timeout = 2},
			{.text = "127.0.0.1:18102", .weight = 7, .max_fails = 3, .fail_timeout = 1},
			{.text = "127.0.0.1:18103", .weight = 7, .max_fails = 3, .fail_timeout = 2},
			{.text = "127.0.0.1:18104", .weight = 3, .max_fails = 2, .fail_timeout = 1, .max_conns = 1},
		},
		"ha@k31651769>3 g@kb97a3f1>3 hb@k6f8cce03>3 g@ke9b26d8d>2 g@kdabb50b8>1 "
		"g@k95844eec>1 g@kd6b1d137>4 hc!4@k1dd1b58a>3 g@kbe32d4f7>2 hd@k17b92010>3 "
		"g@k2f0b9ce3>2 g!01234@k66684057>21430 g@k5999c26e>1 g@kab3f3e17>4 ra "
		"g@k95632b16>2 hf@k8f1c8e14>0 g@kebe8caa2>2 g@k23f90d9e>2 w1 rb "
		"hg@kf2200c3>3 g@k48b4f429>3 g@ked363d59>4 hh@kdb03d7e0>3 g@k7f7490db>1 "
		"g@kc03cb542>3 hi@kf6bc9c66>1 g@k82f3150c>1 hj@k9e6957dd>2 "
		"hk!13@k12e16223>4 rd hl@kb9f24d1c>2 g!0@k7cc9a412>3 rg hm@k4b9ec159>1 rl "
		"rf hn@>2 rj w2 ho@k1b3a8445>1 g@kb79c537f>2 g@kde07d292>3 hp@k96ecb775>3 "
		"hq@kcdbab452>3 hr@ke9c9c294>3 hs@k47a85808>3 ht!14@kc281dde1>3 "
		"g@kea86f928>2 g@k8951c07f>2 ri hu@kbf8f7890>3 rt g@>3 g@kcd81b2c7>2 "
		"hv@k4c826925>1 rk g@k515597e8>2 g@k26d205dc>1 hw!3@k8bedc287>32 w2 g@>1 ro "
		"g@k32b5470b>2 g@>2 rh rq hx@kbff3ef09>2 hy@k9729c311>2 g@k443e95a>4 "
		"hz@kf435e6ab>1 g!01234@k911bcfcd>34120 g@kb0293bfe>1 rc g@k910e8c16>2 "
		"hb@k835d6623>2 hc@>3 hd@k8f73dca5>3 he@kbc5a54f3>2 hf@k68b1ad8b>2 "
		"g!14@kddd0ce09>3 w1 g@kd9884f76>1 hg@k88b25908>3 g@k389a173>3 "
		"g@k9e2e0ee9>2 g@k1ef69b5e>3 g@k3c7b09a8>2 hh@ka8669a4c>4 hi@k3d30cf2b>1 "
		"g@kb347b11a>3 g@k1f2bdb4d>2 rs hj@ke80fe509>3 rb g@kfd6b3183>2 g@>1 "
		"g@ka92439c>2 rd ry g@ka909bd8a>3 hk!14@k22769ca9>2 rm rn rp rr ru rv rw rx "
		"rz rc re rf rg rh ri rj rk",
	},
	{
		"drawn 1", CONF_METHOD_HASH_CONSISTENT,
		{
			{.text = "127.0.0.1:18100", .max_fails = 3, .fail_timeout = 1, .down = true},
			{.text = "127.0.0.1:18101", .weight = 1, .fail_timeout = 1},
			{.text = "127.0.0.1:18102", .fail_timeout = 1, .down = true},
		},
		"ha@kc650d75d>1 ra g@k75e44ec0>1 g@k8e47bd78>1 g@k40be5461>1 hb@k7e640ac9>1 "
		"rb hc@k3178200e>1 hd@k664e0ab0>1 he@kaaddc99e>1 re g!01@kde9fabff>1 "
		"g@kcb279663>- g@k272b6399>- g@k6370e3fd>- g@k836a9d82>- g@k98d7844a>- "
		"g@k795cb28c>- w1 rc g@k61bbc03d>- g@k3e1ec89d>- g@ka27df976>- "
		"g@k8b1ae3db>- g@kba9a5b28>- g@kf78e2a8c>- g@kd0d80e80>- g@k20a49383>- "
		"g@k7129b20f>- g@>- g@k545f5308>- g@k427f1171>- g@k7293ad1f>- g@k7277144>- "
		"g@k6b98e392>- g!1@kb28c7c38>- w1 hq@k1d81318b>1 g@kce20f6d8>- "
		"g@k61659bf9>- g@k12892534>- g@k8dd319cd>- g@k2fa46be4>- g@k783e420d>- "
		"g@kaceab148>- g@k1d2f49c6>- g@k25e6bd6d>- g@kc16e77a5>- g@k8b48362c>- "
		"g@kb450bbc8>- g@k277c5ddc>- g@k5dfee86b>- g@kfb08926b>- w1 g@k7b9bfcb2>- "
		"g!1@>- g@ka3ac21fa>- g@k6ef9cef5>- g@kff18fb7c>- g@ka326bbc>- g@>- "
		"g@ke5e07c63>- g!012@k39c40475>- g@kf369d69a>- g@k272356d6>- g@k6ffbc6fa>- "
		"rd hd@ke599a3bf>1 w3 g@k1f84d27a>1 g@k66219fc2>1 g@k34688d88>1 "
		"g!012@kbc63967d>1 g!2@k15514cf9>- g@kc952b43b>- g@>- g@kdfd197a3>- "
		"g@k28ff46d7>- g@k1c4683ca>- g@kce70c533>- g@kbda386fd>- g@k95b6f722>- rq "
		"g@k7f3b3da8>- rd",
	},
	{
		"drawn 2", CONF_METHOD_HASH_CONSISTENT,
		{
			{.text = "127.0.0.1:18100", .weight = 6, .fail_timeout = 1, .down = true},
			{.text = "127.0.0.1:18101", .weight = 1, .fail_timeout = 1},
			{.text = "127.0.0.1:18102", .weight = 1, .fail_timeout = 2},
			{.text = "127.0.0.1:18103", .max_fails = 3, .fail_timeout = 2, .down = true},
			{.text = "127.0.0.1:18104", .weight = 1, .max_fails = 2, .fail_timeout = 1},
		},
		"g@k54cbae97>1 g@k2c9aa705>2 g@k354bea02>4 ha@kbc3da7ce>1 g!34@k1905fe5e>42 "
		"g@k5f99d01b>4 ra hb@>1 rb g@k574ed19b>1 hc@k11a09af3>1 g@kedbbe6ed>1 "
		"hd@k4c3ae658>2 rc he@k24ca8488>4 re rd g@k695b0218>1 hf@kcbb9ce78>4 "
		"hg@k451b6051>1 w1 g@k4cb91756>1 hh@k26356b92>4 rh rf rg hi@kabc6fced>2 ri "
		"g@kcf2be21c>1 g@ke7e4113>2 g@k9aebe0e3>2 g@k77f1166a>4 g@k79bb3f94>1 "
		"hj@k48e69d51>1 rj hk@kcaf49f51>2 rk g@ke2452d16>4 g@k5f9302c>2 "
		"g@k372fb809>2 g!2@ka211f904>4 w3 hl@k3838727e>4 g@kc57659c5>4 rl g@>2 "
		"g@k132c639f>1 g@kbd5edad8>2 hm@k90cce2e6>4 g@k9fb37710>2 g@kf8550428>4 "
		"hn@kfb2f4c0>4 g@kcbcb63fb>2 g@k22b5484b>4 g@kad06542d>2 rn "
		"g!01234@k82482bf7>412 rm hp@k43ea5f0d>4 rp g@k245d1b4d>4 hq@kad7361c2>4 w1 "
		"hr@k90dc09e9>4 g@k180973b1>4 g@kd8efb9f8>4 hs@k1ea77f7c>4 g@k85754bee>4 "
		"g@kcb323d6f>4 g@kd8bea662>4 ht!1@k81f97e6d>4 g!4@k39e27e14>4- "
		"g@k11ee6f6a>- g@kc7ba5bf0>- g@k758e182b>- g@kdcbdc9e6>- g!0@k57b70b39>- rq "
		"g@k2f00c18b>- g@k366d876d>- rs w3 g@kd71063f9>4 rr hy!2@k19b3cdfe>24 "
		"g@k8a936d9d>4 hz@>4 g@k6b04d0d9>4 ha@kb32a5c59>4 g@k2744f2ae>4 "
		"g@kd9a7f23a>1 g@kfe784ec8>4 hb!4@k4e8e7e36>1 rz rt g@k87f9a315>1 rb "
		"hc@k7b6c31d0>1 hd@k498da896>4 ry ra rc rd",
	},
	{
		"drawn 3", CONF_METHOD_HASH_CONSISTENT,
		{
			{.text = "127.0.0.1:18100", .max_fails = CASE_NONE, .fail_timeout = 2},
			{.text = "127.0.0.1:18101", .weight = 4, .fail_timeout = 2},
			{.text = "127.0.0.1:18102", .fail_timeout = 1},
			{.text = "127.0.0.1:18103", .max_fails = 1, .fail_timeout = 2},
			{.text = "127.0.0.1:18104", .weight = 3, .fail_timeout = 2},
		},
		"ha@k5ccf33b0>1 hb@k17d43b50>1 hc@k59a606fb>2 ra rb rc hd@k72271a99>0 "
		"g@k21b2c6d2>4 g@k5e4bc65d>4 g@k2bdb65e5>4 he@k1951dbea>1 "
		"g!01234@kc7a4293b>14203 g@k71f28b52>0 rd g@k1b656469>0 g@kdeb522bf>0 "
		"g@ka0324b45>0 g@k436a8e32>0 g@kaad2dcf0>0 w2 g@k9246183d>2 g@k16199969>2 "
		"g@k7d69374f>0 g@k3fa627b6>0 g@k583c07dc>2 re g@kd88d4f3d>0 hg@kf8a6ab01>2 "
		"g@k91bf5ed4>0 g@kdfdd5c24>2 g@k33131250>0 hh@k3405b231>2 rg rh "
		"g@k919416d5>2 g@k4df10e70>0 g@k70639073>2 hi@k45f76dc9>0 ri g@kff505426>2 "
		"w1 hj!2@>0 hk@k8ff721a8>0 rk rj hl@k61ed3e54>3 hm@k7f2716c9>1 "
		"g@kd5e66a0a>0 g@k22744e1b>0 g@k7852defc>0 g@>2 g@k88b8c52d>0 g@k360df250>4 "
		"g@>4 rl g@kc26f3a33>0 hn@k7cb1c9aa>4 rn rm g@k51964c53>0 g@kee9a9920>4 w3 "
		"ho@kc4150eb7>1 hp@k391eeb4a>4 rp hq@k25ca3960>1 ro rq g!4@kaae3036d>41 "
		"hr@k73967c66>1 hs@kd5ffc391>3 ht@kc033291c>0 g!4@k1e9796dd>1 "
		"hu@k83fda63c>1 g@k4aa5985b>1 g!12@k94c93fe9>210 g@kcd424afb>3 "
		"g@k29c735ab>3 g@k830180ff>0 ru g@keefa515>0 hv@k982ca4e>0 w3 g@ka2646a4d>4 "
		"rv g@kd2ed25f4>1 rs g@k363381cb>1 rt g@k1cfdf579>1 rr g@k2987e48a>1 "
		"g@k2bcefde6>4 g@k2c5b3c74>1 g!24@k15cdb021>0 g!13@k433699ea>12 "
		"g@k2c05a8ab>3 g!2@kb293d8c>4 g@k25a570fc>0 hw!1@k233f4f41>4 hx@k4b6a6377>2 "
		"rx hy@>3 rw ry",
	},
	{
		"2 servers", CONF_METHOD_HASH_CONSISTENT,
		{
			{.text = "127.0.0.1:18100", .weight = 1},
			{.text = "127.0.0.1:18101", .weight = 1},
		},
		"g@k16930b9c>0 g@k1a78dca7>1 g@k28a27c49>0 g@k9d7aba9f>0 g@k4959e9df>0 "
		"g@k44423be3>0 g@k1c9ad8d2>1 g@k960661a>1 g@kfc89bcde>1 g@>0 g@k2f58fc5f>1 "
		"g@k136e7e3>0 g@k21aff28d>1 g@k5713d99f>1 g@k8fd07e35>1 g@k1fda90e9>1 "
		"g@kb7b14fb1>0 g@kb0b33de3>1 g@k7c6ffca4>0 g@ka5440c72>0 g@k924c0717>1 "
		"g@k7be06a34>1 g@k834e5592>1 g@kfba9c5c0>0 g@k77c5843>1 g@k4e58e33c>1 "
		"g@kb66e8d5e>1 g@keb13852b>0 g@k5f9f1944>0 g@kd8329a87>1 g@k2330bfa6>0 "
		"g@k4cad5c2a>0 g@kca5b1c18>1 g@k791ca15d>0 g@k9163dd36>0 g@kd8240a>0 "
		"g@k96279d85>1 g@k726cd35>0 g@kf7e82597>1 g@k74d03c6>1 g@ke77cbe6c>1 "
		"g@k2180fdf5>1 g@k26ffb74d>0 g@k38f6df98>0 g@k2135fdb7>0 g@k6ae3b272>1 "
		"g@kb836f967>0 g@k7d818101>1 g@k5d4ac4>0 g@kb3e7634b>0 g@kec14c3af>1 "
		"g@k7ce2b2f0>1 g@k8138acaa>0 g@kd6e2b21d>1 g@k77d3209c>1 g@k59c61027>0 "
		"g@k4d7bb4e8>0 g@k2d656abe>0 g@k48bb6093>1 g@k424dbc38>0 g@k7e2430b>1 g@>1 "
		"g@k576d3769>1 g@kf3a506d3>1 g@kbd3e406d>0 g@k9a5f4ef0>1 g@ka71ad58a>1 "
		"g@kbee7edd6>0 g@kd81a77e1>0 g@k523bf259>0 g@kdfa4fcdc>1 g@kb04bb78f>1 "
		"g@k8da65209>0 g@k19858810>1 g@ka9048680>1 g@k54e34e33>1 g@kfcd113a7>0 "
		"g@k79a612f1>1 g@k32849a84>1 g@kdbfcc1b9>0 g@>0 g@ke66655c8>0 g@kdadb97d3>0 "
		"g@kba9df5c8>1 g@kaef3ca32>0 g@kc42e186>1 g@k28d386b1>1 g@k51244339>0 g@>1 "
		"g@kc9dec20e>0 g@k525bf12>1 g@ke7d744d4>0 g@k65720361>0 g@k548805c5>1 "
		"g@k343f7fb9>1 g@k27caa83f>1 g@kdc26e689>0 g@k83fd0610>0 g@k6bc6e188>0 "
		"g@k97baa497>0 g@kb769e1a2>0 g@k9d8d14db>0 g@kfcc4881b>1 g@k739a8563>1 "
		"g@k7f20ce30>1 g@kc26aeb35>0 g@k1c00e128>0 g@k9ed5aef3>0 g@kc8a6315c>1 "
		"g@k930576b8>0 g@k4b870437>1 g@k693c0cd6>0 g@k747c344c>0 g@kf1a47895>0 "
		"g@k234126d6>0 g@k5fa90783>0 g@k3d321702>1 g@kd31d7cc7>1 g@ke638f252>0 "
		"g@k313653da>1 g@kc44d8659>1 g@kc1e7885d>0 g@k7a6f0936>0 g@kf4e270de>1 "
		"g@kfb0253eb>0 g@kf1c3b5d3>0 g@k205acb49>1 g@k756b8c6d>0 g@k455d39a3>0 "
		"g@kc6065093>0 g@k887206fd>0 g@k2a31ff3d>1 g@k61db6ff7>1 g@k4f35cb8a>0 "
		"g@kb2026e94>0 g@kc8ac35e6>0 g@k922c8a90>0 g@k4af7c68b>0 g@k695a5831>0 "
		"g@k1875fe25>1 g@kd495b2e7>1 g@k559e1c65>0 g@kb0b12f69>1 g@k29d6b048>0 "
		"g@kb5df9c57>0 g@ka861c713>0 g@ke6f4dcc3>0 g@k7159c940>1 g@k2e226b6b>0 "
		"g@k998cece4>1",
	},
	{
		"4 servers", CONF_METHOD_HASH_CONSISTENT,
		{
			{.text = "127.0.0.1:18100", .weight = 3},
			{.text = "127.0.0.1:18101", .weight = 1},
			{.text = "127.0.0.1:18102", .down = true},
			{.text = "127.0.0.1:18103", .weight = 2},
		},
		"g@kb8765121>0 g@k9fc5ef39>0 g@k2edc3981>1 g@>0 g@kdc4013f2>0 g@k505b29b4>3 "
		"g@kc55a1ec>0 g@ke5f71d7b>3 g@kc8ddfecf>0 g@kba5d0801>0 g@k9aa0c09c>0 "
		"g@k67357e8e>0 g@kae2185b8>3 g@ka3263d28>0 g@kf582f92c>1 g@k77f2201a>3 "
		"g@k1930c22d>1 g@k7cd9df03>0 g@ked567f35>0 g@kd7e35ad6>0 g@ka2a03f53>0 "
		"g@ke95b3dec>1 g@k423e1e2e>0 g@k19f4209f>0 g@k33ce5178>0 g@k52a1ceaf>0 "
		"g@k5a67e031>3 g@kff18db21>1 g@k7b11e00a>1 g@ka2ccc67b>3 g@k70d7fc47>1 "
		"g@k64b30c8>0 g@kd71a38e9>0 g@k39ea65dd>0 g@k349af835>0 g@k75bfdf08>0 "
		"g@ke5850b48>3 g@k26e197aa>3 g@k78b73703>0 g@ke21cd1ab>0 g@k199b5bdd>1 g@>3 "
		"g@k26f2d982>3 g@k5df5e573>0 g@ke51995cc>3 g@k853cc72f>3 g@kadcb82b8>3 "
		"g@k29d96333>3 g@k182fa09c>3 g@k3bda6463>0 g@k615d3c56>0 g@k5511c8ec>0 "
		"g@k5714d899>3 g@k97a7e58c>0 g@k1d96c2af>3 g@kef5ed330>1 g@kcb4bcb4b>0 "
		"g@k6c1efbaf>0 g@k3027d49a>0 g@k71941506>1 g@k1e3ec59f>1 g@kee9315e7>3 "
		"g@k59543667>0 g@k48b69176>0 g@k64d0607a>0 g@k50d2810e>1 g@k2d2e19ab>0 "
		"g@kd4acebfd>3 g@k7d236950>1 g@k8ef5712e>1 g@ka7804933>3 g@k6e6db974>3 "
		"g@kb466afc>0 g@kdf56edb4>1 g@k46cacaf3>0 g@>0 g@k144d0f51>3 g@kd8353d6c>0 "
		"g@kbbba77cb>0 g@k8ec2e096>3 g@k83117a05>3 g@k83706fd8>0 g@ka022048d>0 "
		"g@k5a50ae52>1 g@k95e29b07>0 g@k8282b7b2>0 g@k5f4f674f>0 g@kf63d4751>0 "
		"g@k34d46ab4>3 g@k22727656>0 g@kc377869d>3 g@kab6779d8>3 g@k2b5bef95>1 "
		"g@k7f17d3a2>0 g@kd9eefa29>0 g@>1 g@kf0bbf11c>1 g@k70b076ad>0 g@k2d0e5bb2>3 "
		"g@k9d977659>3 g@k5c4a3103>0 g@k5f8f036a>0 g@ked8ab425>0 g@kdab2406a>3 "
		"g@k817be8f6>3 g@ke93ca94a>3 g@k7d4706a0>0 g@kb0696dd9>0 g@k5f392e2d>0 "
		"g@k61379599>3 g@k7337d958>0 g@kfe7d983>0 g@kdc991005>0 g@k27020329>3 "
		"g@k5e06c12d>3 g@k7af8d978>0 g@k2956c9b>3 g@k9c6bed7e>1 g@kd2453a3f>0 "
		"g@kb158edce>0 g@k62ddb12c>3 g@ka11f284c>0 g@kac530c63>3 g@kfbfc694b>0 "
		"g@k437256f0>3 g@kf8486204>0 g@kb358c1e7>0 g@k7331bb9a>3 g@kd6ce3c58>0 "
		"g@kedaa3aee>3 g@k846a5c01>0 g@k44fc2086>0 g@k1c42753e>3 g@k327f87ec>3 "
		"g@kee8467b4>0 g@k5fff7677>1 g@kf77ddae>0 g@kda576459>1 g@kf96cbb15>0 "
		"g@kdd1309ac>3 g@kc0e8f1a4>1 g@k18ed473b>0 g@k45d35c39>0 g@k9fa989bd>3 "
		"g@k61af3306>1 g@k14d7c774>3 g@kd741c250>0 g@ke48ec619>0 g@k66dab292>3 "
		"g@k8ed85268>3",
	},
	{
		"5 servers", CONF_METHOD_HASH_CONSISTENT,
		{
			{.text = "127.0.0.1:18100", .weight = 1},
			{.text = "127.0.0.1:18101", .weight = 1},
			{.text = "127.0.0.1:18102", .weight = 1},
			{.text = "127.0.0.1:18103", .weight = 1},
			{.text = "127.0.0.1:18104", .weight = 1},
		},
		"g@k7fe7c322>4 g@k4a1ae4d7>2 g@k65b63157>2 g@k6d7c3453>3 g@k47e76be3>3 "
		"g@k1f0b1ddc>0 g@>0 g@kdd5a2e04>2 g@k6be6840>1 g@kf61999f7>2 g@k21ce22cd>1 "
		"g@kd72ab108>4 g@kc7a96d02>4 g@kfbd32220>4 g@k503503f2>2 g@kb1c7211e>0 "
		"g@k783d8923>0 g@k252d026e>4 g@k58877cba>2 g@k46608748>1 g@k118be9c0>2 "
		"g@kbb40a853>2 g@k2f9a350a>4 g@kabbadef2>1 g@kcb989c01>2 g@>1 g@k9f02d2cc>3 "
		"g@k507db5d1>4 g@k631a23e0>4 g@k522794f5>0 g@k74298fb8>0 g@kff95bdec>2 "
		"g@kbbc63349>3 g@k290058ad>0 g@k3ff5c327>0 g@kb73e7982>1 g@k6281f75>3 "
		"g@kb2c9b2af>0 g@kbf69aaa9>2 g@kf0dd7d53>2 g@keea06e7d>0 g@k8e3dc6c9>1 "
		"g@kb9942fe4>0 g@ka371317b>3 g@k346c4acd>3 g@k45d5d8e7>1 g@k9dcad61d>4 "
		"g@k6df6c936>0 g@k30a32024>3 g@kea5f0747>1 g@kf95cb963>0 g@k8a7cf997>4 "
		"g@kb99396b7>2 g@k775e90a5>4 g@k443b419e>1 g@k63e3a4c0>0 g@k2fa3916a>4 "
		"g@kf44e2100>2 g@>2 g@kccb569f1>1 g@k62f354d4>3 g@k7dd8f14d>0 g@k174131c2>0 "
		"g@k8bde7d70>2 g@kcae5a5a1>0 g@kfadac51b>0 g@k9c2d87a8>0 g@k9d2789f0>1 "
		"g@k8a9bfe0c>1 g@kae211ef5>1 g@k3c5630d0>0 g@k2a6fa20>4 g@kabe1a8cd>3 "
		"g@kfba11f89>4 g@k277e5f90>1 g@>3 g@kb7042da6>0 g@kd94dd813>4 g@k954994ed>1 "
		"g@k232949d>1 g@k658d6caf>3 g@k93a7546e>2 g@kb80e6c4b>3 g@k471f8c96>1 "
		"g@k8083379a>0 g@k37493b79>0 g@ka76ec6a8>1 g@k6b712d7a>4 g@kef8e478f>4 "
		"g@kddcd7138>0 g@k60407e6b>3 g@k88f790b3>1 g@kb9df0b06>1 g@kd15c903d>2 g@>4 "
		"g@kf0aa867d>3 g@keb50990e>3 g@k6d5ddb4e>4 g@kd3debe61>1 g@kadd89261>4 "
		"g@k4b2be5fc>2 g@k173ee3c1>4 g@k81379576>1 g@k6bb100f>1 g@k61db3c53>3 "
		"g@kddfd3d13>0 g@>0 g@k111c1a06>1 g@k11ae927b>1 g@ka477a868>3 g@k6533e81f>4 "
		"g@k75f8cbd2>2 g@k4cb00897>1 g@k4fed21d7>4 g@ke31148fd>2 g@k8632bb4f>0 "
		"g@kb24942fa>4 g@k60274718>3 g@k3a25efca>3 g@ke2e95630>0 g@k52153858>3 "
		"g@k1137f41e>3 g@k92f6a6d1>2 g@k9f98b465>3 g@k876ab612>2 g@kd2cbca7f>0 "
		"g@k6a2c9af7>0 g@kd7e0ffb>3 g@kdd47c8bb>0 g@k4249a0a1>0 g@>1 g@kf0768f99>4 "
		"g@k86bea0cb>1 g@k21bbf789>4 g@ke7a475c>3 g@kf7d9340d>2 g@k48a5c348>0 "
		"g@kf7792f32>0 g@k5b1f26b>1 g@ke2ca07d4>2 g@k25b30554>4 g@kd035768d>3 "
		"g@k1d6bbfe5>1 g@k1af7417a>2 g@k18c78762>4 g@kddcb6aad>0 g@kc073474c>0 "
		"g@ka301b3d3>0 g@kfa370e65>2 g@k6c25dffe>1",
	},
};
/* clang-format on */

#endif
